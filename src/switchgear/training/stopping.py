"""What may end a training run early: a gate that it does not pass, or a signal."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState

from switchgear.recipe import TrainRecipe
from switchgear.training import gates
from switchgear.training.processes import any_process


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
