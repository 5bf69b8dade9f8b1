"""What is shown and kept of a training run: means between logs, metrics on disk, progress."""

import json
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from transformers import TrainerCallback, TrainerState
from transformers.trainer_callback import ExportableState

from switchgear.runs import replacing


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
