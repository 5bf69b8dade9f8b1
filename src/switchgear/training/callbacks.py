"""What watches a training run: progress, metrics on disk, gates, and a clean stop."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_callback import ExportableState

from switchgear.recipe import TrainRecipe
from switchgear.runs import replacing
from switchgear.training import gates
from switchgear.training.processes import any_process


class MeansCallback(TrainerCallback, ExportableState):
    """Means of figures over the steps since the last log. They go into checkpoints: a resumed run logs the same."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.steps = 0

    def add(self, figures: dict[str, Tensor]) -> None:
        self.sums = {name: self.sums.get(name, 0) + value for name, value in figures.items()}
        self.steps += 1

    def take(self) -> dict[str, float]:
        means = {name: float(total) / self.steps for name, total in self.sums.items()}
        self.sums, self.steps = {}, 0
        return means

    def state(self) -> dict[str, Any]:
        sums = {name: float(total) for name, total in self.sums.items()}
        return {"args": {}, "attributes": {"sums": sums, "steps": self.steps}}

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        kept = state.stateful_callbacks.get(type(self).__name__, self.state())["attributes"]
        self.sums = {name: torch.tensor(total, device=args.device) for name, total in kept["sums"].items()}
        self.steps = kept["steps"]


class ValidationCallback(TrainerCallback):
    """Has a step logged, and so validated, every `validate_every` steps and at the end, wherever other logs fall."""

    def __init__(self, every: int) -> None:
        self.every = every

    def due(self, state: TrainerState) -> bool:
        step: int = state.global_step
        return step % self.every == 0 or step == state.max_steps

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        control.should_log |= self.due(state)


class MetricsCallback(TrainerCallback):
    """Keeps `path` equal to the trainer's history, one JSON line per logged step: after a resume nothing is doubled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        if not state.is_world_process_zero:
            return
        with replacing(self.path) as file:
            for entry in state.log_history:
                if "reroute" in entry:
                    file.write(json.dumps(entry, sort_keys=True) + "\n")


class GateCallback(TrainerCallback):
    """The gates that watch a run: finite loss, plateau left, benign states in place.

    All figures are means over the processes, so every process comes to the same end.
    """

    def __init__(self, recipe: TrainRecipe, report: Callable[[gates.Gate], None]) -> None:
        self.recipe, self.report = recipe, report
        self.reported: set[str] = set()

    def on_log(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        entries = [entry for entry in state.log_history if "reroute" in entry]
        if not entries:
            return
        newest = entries[-1]
        self._once(gates.finite(newest["step"], newest["loss"]), only_failed=True)
        reached = next((entry for entry in entries if entry["step"] >= self.recipe.plateau_steps), None)
        if reached:
            self._once(gates.plateau(reached["step"], reached["reroute"], entries[0]["reroute"]))
        for moved in _drifts(state):
            self._once(gates.drift(moved), only_failed=True)

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        drifts = _drifts(state)
        if drifts and state.global_step == state.max_steps:
            self._once(gates.drift(max(drifts)))

    def _once(self, gate: gates.Gate, only_failed: bool = False) -> None:
        if gate.gate not in self.reported and not (only_failed and gate.passed):
            self.reported.add(gate.gate)
            self.report(gate)


def _drifts(state: TrainerState) -> list[float]:
    return [entry["retain_drift"] for entry in state.log_history if "retain_drift" in entry]


class InterruptCallback(TrainerCallback):
    """Ctrl-C and SIGTERM while entered: finish the step, write a checkpoint, stop. A second Ctrl-C stops at once.

    A signal to one process stops all of them after the same step.
    """

    def __init__(self) -> None:
        self.interrupted = False

    def __enter__(self) -> None:
        self.before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def on_step_end(self, args: Any, state: Any, control: TrainerControl, **_: Any) -> None:
        self.interrupted = any_process(self.interrupted)
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
