"""What watches a training run: progress, metrics on disk, gates, and a clean stop."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState

from switchgear.recipe import TrainRecipe
from switchgear.runs import replacing
from switchgear.training import gates


class MetricsCallback(TrainerCallback):
    """Keeps `path` equal to the trainer's history, one JSON line per logged step: after a resume nothing is doubled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        with replacing(self.path) as file:
            for entry in state.log_history:
                if "reroute" in entry:
                    file.write(json.dumps(entry, sort_keys=True) + "\n")


class GateCallback(TrainerCallback):
    """The gates that watch a run: finite loss, plateau left, benign states in place."""

    def __init__(self, recipe: TrainRecipe, report: Callable[[gates.Gate], None]) -> None:
        self.recipe, self.report, self.watching = recipe, report, True

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        logs = logs or {}
        if "reroute" not in logs:
            return
        gates.finite(state.global_step, logs["loss"])
        if self.watching and state.global_step >= self.recipe.plateau_steps:
            self.watching = False
            start = next(entry["reroute"] for entry in state.log_history if "reroute" in entry)
            self.report(gates.plateau(state.global_step, logs["reroute"], start))

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        drifts = [entry["retain_drift"] for entry in state.log_history if "retain_drift" in entry]
        if drifts:
            self.report(gates.drift(max(drifts)))


class InterruptCallback(TrainerCallback):
    """Ctrl-C and SIGTERM while entered: finish the step, write a checkpoint, stop. A second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self.interrupted = False

    def __enter__(self) -> None:
        self.before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def on_step_end(self, args: Any, state: Any, control: TrainerControl, **_: Any) -> None:
        if self.interrupted:
            control.should_save = control.should_training_stop = True

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        signal.signal(number, self.before[signal.Signals(number)])


class ProgressCallback(TrainerCallback):
    """A bar with both losses in a terminal, while entered; one plain line per log elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("train"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.console, self.progress = console, Progress(*columns, console=console, disable=not console.is_terminal)

    def __enter__(self) -> None:
        self.progress.start()

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        self.task = self.progress.add_task("", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        self.progress.update(self.task, completed=state.global_step)

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        if logs is None or "reroute" not in logs:
            return
        shown = ("reroute", "retain", "cosine_harmful", "cosine_benign")
        text = "  ".join(f"{name} {logs[name]:.3f}" for name in shown if name in logs)
        self.progress.update(self.task, description=text)
        if not self.console.is_terminal:
            self.console.print(f"step {state.global_step}/{state.max_steps}  {text}")
