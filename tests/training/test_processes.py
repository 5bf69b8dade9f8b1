"""Two real processes train as one does, whatever each holds of the model."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import PartialState
from transformers import TrainerCallback

from switchgear.errors import GateError
from switchgear.model.lockstep import both_states_in_lockstep
from switchgear.training import processes
from switchgear.training.stopping import InterruptCallback
from tests.conftest import build_tiny
from tests.training.several import figures, in_processes
from tests.training.test_trainer import gate_callback, trainer

Log = list[dict[str, Any]]
STEPS = {"steps": 6, "warmup_steps": 3, "max_grad_norm": 0.5, "log_every": 3, "save_every": 2, "validate_every": 3}


def trained(folder: Path, sharded: bool, resume: str | None, train: dict[str, Any]) -> tuple[Log, list[Any]]:
    """The log, and the trained weights as lists: tensors do not outlive the process that sends them."""
    made = trainer(folder, **STEPS | train)
    if sharded:
        processes.shard(made.model)
        assert any(type(weight).__name__ == "DTensor" for weight in made.model.parameters())
    made.train(resume_from_checkpoint=resume)
    logs = [entry for entry in made.state.log_history if "reroute" in entry]
    return logs, [weight.tolist() for weight in made.model.parameters() if weight.requires_grad]


def assert_equal(one: tuple[Log, list[Any]], other: tuple[Log, list[Any]], tolerance: float = 1e-5) -> None:
    for left, right in zip(one[0], other[0], strict=True):
        assert figures(left) == pytest.approx(figures(right), rel=tolerance, abs=tolerance)
    for left, right in zip(one[1], other[1], strict=True):
        torch.testing.assert_close(torch.tensor(left), torch.tensor(right), rtol=0, atol=tolerance)


@pytest.mark.parametrize("sharded", [False, True])
def test_two_processes_with_two_micro_batches_each_equal_one_with_four(tmp_path: Path, sharded: bool):
    """Losses, learning rate and gradient norm of each step, and the adapter; sharded (FSDP2) or a copy for each."""
    one = trained(tmp_path / "one", False, None, {"accumulate": 4, "log_every": 1})
    rates = [entry["learning_rate"] for entry in one[0]]
    assert rates == pytest.approx([0, 0.01 / 3, 0.02 / 3, 0.01, 0.01, 0.01])
    for two in in_processes(2, trained, tmp_path / "two", sharded, None, {"accumulate": 2, "log_every": 1}):
        assert_equal(two, one)


def in_lockstep(folder: Path, sharded: bool, checkpointing: bool) -> tuple[Log, list[Any]]:
    """Weights in bfloat16, both models read in lockstep."""
    fields = {"steps": 2, "save_every": 2, "validate_every": 2, "checkpointing": checkpointing}
    made = trainer(folder, model=build_tiny("llama").to(torch.bfloat16), **fields)
    if sharded:
        processes.shard(made.model)
    made.read.read_both = both_states_in_lockstep
    made.train()
    logs = [entry for entry in made.state.log_history if "reroute" in entry]
    return logs, [weight.tolist() for weight in made.model.parameters() if weight.requires_grad]


@pytest.mark.parametrize("checkpointing", [False, True])
def test_blocks_that_are_split_run_in_lockstep_too(tmp_path: Path, checkpointing: bool):
    whole = in_processes(2, in_lockstep, tmp_path / "whole", False, False)
    split = in_processes(2, in_lockstep, tmp_path / "split", True, checkpointing)
    for one, other in zip(whole, split, strict=True):
        assert_equal(one, other)


def test_eight_micro_batches_are_two_processes_with_four(tmp_path: Path):
    one = trained(tmp_path / "one", False, None, {"accumulate": 8})
    for two in in_processes(2, trained, tmp_path / "two", False, None, {"accumulate": 4}):
        assert_equal(two, one)


@pytest.mark.parametrize("sharded", [False, True])
def test_two_processes_resume_to_the_same_run(tmp_path: Path, sharded: bool):
    whole = in_processes(2, trained, tmp_path, sharded, None, {})
    resumed = in_processes(2, trained, tmp_path, sharded, str(tmp_path / "checkpoint-4"), {})
    for one, other in zip(whole, resumed, strict=True):
        assert_equal(one, other, tolerance=0)


def interrupted(folder: Path) -> int:
    class OneSignal(TrainerCallback):
        def on_step_begin(self, args, state, control, **_):
            if state.global_step == 2 and PartialState().process_index == 1:
                os.kill(os.getpid(), signal.SIGTERM)

    interrupt = InterruptCallback()
    made = trainer(folder, OneSignal(), interrupt)
    with interrupt:
        made.train()
    return made.state.global_step


def test_a_signal_to_one_process_stops_all_after_the_same_step(tmp_path: Path):
    assert in_processes(2, interrupted, tmp_path) == [3, 3]
    assert (tmp_path / "checkpoint-3" / "trainer_state.json").exists()


def one_goes_wrong(folder: Path) -> None:
    """The second process alone reads a loss that is not a number."""
    made = trainer(folder, gate_callback(folder))
    if PartialState().process_index == 1:
        inner = made.objective

        def spoiled(*args: Any) -> Any:
            losses = inner(*args)
            losses.reroute.mul_(float("nan"))
            return losses

        made.objective = spoiled
    made.train()


def test_a_gate_that_one_process_does_not_pass_stops_all(tmp_path: Path):
    results = in_processes(2, one_goes_wrong, tmp_path)
    assert [kind for kind, _ in results] == [GateError, GateError]
    assert all("The loss is nan at step 1" in told for _, told in results)


def test_one_process_averages_nothing():
    parts = [torch.ones(2), torch.zeros(3)]
    assert processes.average(parts) == parts
    assert processes.any_process(True)
    assert not processes.any_process(False)
