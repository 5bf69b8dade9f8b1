"""The trainer on a tiny model: it reroutes, it resumes to the same curve, accumulation counts optimiser steps."""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from accelerate import PartialState
from rich.console import Console
from transformers import PreTrainedModel, TrainerCallback, set_seed

from switchgear.errors import GateError
from switchgear.model.layout import trie
from switchgear.model.load import add_adapter
from switchgear.recipe import Recipe
from switchgear.training.batches import Draws, Row
from switchgear.training.gates import GateLog
from switchgear.training.reading import Reader
from switchgear.training.records import MetricsCallback
from switchgear.training.stopping import GateCallback, InterruptCallback
from switchgear.training.trainer import BreakerTrainer
from tests.conftest import build_tiny

TARGETS = [2, 3]


def rows(kind: str, count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        size = rng.randint(8, 14)
        ids = [rng.randint(3, 299) for _ in range(size)]
        harmful = kind == "harmful"
        reroute = [float(harmful and index >= 5) for index in range(size)]
        made.append(Row(ids, reroute, [float(not harmful or index < 5) for index in range(size)]))
    return made


POOLS = {kind: rows(kind, 6, seed) for seed, kind in enumerate(("harmful", "clean", "resisted"))}


def recipe(**train: object) -> Recipe:
    fields = {"learning_rate": 1e-2, "steps": 8, "log_every": 1, "save_every": 2, "validate_every": 4} | train
    return Recipe.model_validate(
        {"run": "unused", "model": {"name": "tiny"}, "data": {"sources": [{"name": "none"}]}, "train": fields}
    )


def trainer(
    folder: Path, *callbacks: TrainerCallback, model: PreTrainedModel | None = None, **train: object
) -> BreakerTrainer:
    set_seed(0)
    made = recipe(**train)
    adapted = add_adapter(model or build_tiny("llama"), made.train.lora, layers=max(TARGETS))
    length = made.train.steps * made.train.accumulate * PartialState(cpu=True).num_processes
    draws = Draws(POOLS, made.train.batch, length, seed=0)
    validation = POOLS["harmful"][:2] + POOLS["clean"][:2]
    result = BreakerTrainer(adapted, made, draws, validation, Reader(made.train, adapted, TARGETS, trie), folder)
    for callback in callbacks:
        result.add_callback(callback)
    return result


def gate_callback(folder: Path, **train: object) -> GateCallback:
    made = recipe(**train).train
    return GateCallback(made, GateLog(made.gates, folder / "gates.json", Console(quiet=True)))


def curve(result: BreakerTrainer) -> list[tuple[int, float, float]]:
    return [
        (entry["step"], entry["reroute"], entry["retain"]) for entry in result.state.log_history if "reroute" in entry
    ]


def test_harmful_states_leave_and_benign_states_stay(tmp_path: Path):
    result = trainer(tmp_path, steps=40, alpha=10.0, retain_floor=0.5)
    result.train()
    values = result.validation.figures(result.model)
    assert values["cosine_harmful"] < 0.3
    assert values["cosine_benign"] > values["cosine_harmful"] + 0.4


def test_an_interrupted_run_resumes_to_the_same_curve(tmp_path: Path):
    class CtrlC(TrainerCallback):
        def on_step_begin(self, args, state, control, **_):
            if state.global_step == 4:
                os.kill(os.getpid(), signal.SIGINT)

    whole = trainer(tmp_path / "whole")
    whole.train()

    interrupt = InterruptCallback()
    first = trainer(tmp_path / "cut", CtrlC(), interrupt)
    with interrupt:
        first.train()
    assert interrupt.interrupted
    assert first.state.global_step == 5
    second = trainer(tmp_path / "cut", MetricsCallback(tmp_path / "metrics.jsonl"))
    second.train(resume_from_checkpoint=str(tmp_path / "cut" / "checkpoint-5"))

    assert curve(second) == curve(whole)
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 8
    for one, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_ctrl_c_is_python_s_own_again_after_training_whatever_happens():
    before = signal.getsignal(signal.SIGINT)
    with suppress(GateError), InterruptCallback():
        assert signal.getsignal(signal.SIGINT) is not before
        raise GateError
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_counts_optimiser_steps_and_micro_batches_are_averaged(tmp_path: Path):
    result = trainer(tmp_path, steps=4, accumulate=2)
    result.train()
    entries = [entry for entry in result.state.log_history if "reroute" in entry]
    assert [entry["step"] for entry in entries] == [1, 2, 3, 4]
    assert entries[-1]["reroute_coefficient"] == pytest.approx(5 * (1 - 4 / 8))


def test_a_run_that_stays_on_the_plateau_is_stopped(tmp_path: Path):
    gate = gate_callback(tmp_path, plateau_steps=3)
    with pytest.raises(GateError, match="has not left its plateau"):
        trainer(tmp_path, gate, learning_rate=1e-9).train()


def test_a_loss_that_is_not_a_number_is_stopped(tmp_path: Path):
    model = build_tiny("llama")
    model.get_input_embeddings().weight.fill_(float("nan"))
    gate = gate_callback(tmp_path)
    with pytest.raises(GateError, match="The loss is nan"):
        trainer(tmp_path, gate, model=model).train()


def test_validation_does_not_wait_for_a_log(tmp_path: Path):
    result = trainer(tmp_path, steps=7, log_every=4, validate_every=3)
    result.train()
    entries = [entry for entry in result.state.log_history if "reroute" in entry]
    assert [entry["step"] for entry in entries] == [3, 4, 6, 7]
    assert [entry["step"] for entry in entries if "cosine_harmful" in entry] == [3, 6, 7]


@pytest.mark.parametrize(
    ("decay", "rates"),
    [
        ("none", [0.005, 0.01, 0.01, 0.01, 0.01, 0.01]),
        ("linear", [0.005, 0.01, 0.0075, 0.005, 0.0025, 0.0]),
        ("cosine", [0.005, 0.01, 0.0085355, 0.005, 0.0014645, 0.0]),
    ],
)
def test_the_learning_rate_falls_to_0_by_the_end(tmp_path: Path, decay: str, rates: list[float]) -> None:
    training = trainer(tmp_path, steps=6, warmup_steps=2, learning_rate_decay=decay)
    optimizer = training.create_optimizer()
    scheduler = training.create_scheduler(6, optimizer)
    seen = []
    for _ in range(6):
        optimizer.step()
        scheduler.step()
        seen.append(scheduler.get_last_lr()[0])
    assert seen == pytest.approx(rates, abs=1e-6)
