"""The training stage on the garden: from dataset to adapter, cut off and resumed, stopped and refused."""

import io
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from rich.console import Console
from transformers import AutoModelForCausalLM

from switchgear.errors import DataError, GateError, ModelError, RecipeError, RunError
from switchgear.recipe import load
from switchgear.runs import Run, read_models, write_models
from switchgear.schema import Example, Trace
from switchgear.training import train as stage
from switchgear.training.records import MetricsCallback


def train(recipe: Path, *overrides: str) -> tuple[bool, Run, str]:
    """Whether the stage finished, the run, and what was shown."""
    loaded = load(recipe, overrides)
    shown = io.StringIO()
    return stage.train(loaded, Run(loaded.run), Console(file=shown, width=200)), Run(loaded.run), shown.getvalue()


@pytest.fixture
def whole(trained: Path) -> Run:
    """A run that nothing disturbed."""
    return Run(trained.parent / "run")


def interrupt_after(step: int, monkeypatch: pytest.MonkeyPatch, number: int = signal.SIGINT) -> None:
    """Sends this process a signal once, when `step` is logged."""
    real = MetricsCallback.on_log

    def on_log(self: Any, args: Any, state: Any, control: Any, **rest: Any) -> None:
        real(self, args, state, control, **rest)
        if state.global_step == step:
            monkeypatch.setattr(MetricsCallback, "on_log", real)
            os.kill(os.getpid(), number)

    monkeypatch.setattr(MetricsCallback, "on_log", on_log)


def only(run: Run, split: str, *traces: Trace) -> None:
    """Leaves only examples of these traces in a split."""
    path = run.dataset / f"{split}.jsonl"
    write_models(path, [row for row in list(read_models(path, Example)) if row.trace in traces])


def test_a_dataset_becomes_an_adapter_with_metrics_and_gates(garden: Path):
    finished, run, shown = train(garden)
    assert finished
    assert "train: 3 clean, 3 harmful, 3 resisted; 0 cut" in shown
    assert "'learning_rate'" not in shown
    entries = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert [entry["step"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[-1]["reroute"] < 0.9 < entries[0]["reroute"]
    assert [entry["step"] for entry in entries if "cosine_harmful" in entry] == [3, 6]
    assert [gate["gate"] for gate in json.loads(run.gates.read_text())] == [
        "masks",
        "share",
        "drift",
        "effect",
        "benign",
    ]


def test_the_adapter_loads_in_plain_peft_and_changes_the_model(whole: Run, tiny_chat_model: Path):
    frozen = AutoModelForCausalLM.from_pretrained(tiny_chat_model)
    ids = torch.arange(5, 40)[None]
    before = frozen(ids).logits
    adapted = PeftModel.from_pretrained(frozen, str(whole.adapter))
    assert not torch.allclose(adapted(ids).logits, before, atol=1e-3)


def test_a_finished_run_is_not_trained_again(trained: Path, whole: Run):
    before = {path: path.stat().st_mtime_ns for path in whole.root.rglob("*") if path.is_file()}
    finished, _, shown = train(trained)
    assert finished
    assert "Already trained" in shown
    assert {path: path.stat().st_mtime_ns for path in whole.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_resumes_to_the_curve_of_an_undisturbed_one(
    garden: Path, whole: Run, monkeypatch: pytest.MonkeyPatch, number: int
):
    interrupt_after(3, monkeypatch, number)
    finished, run, shown = train(garden)
    assert not finished
    assert "Stopped at step 4. `switchgear train` goes on from there." in shown
    assert not run.adapter.exists()
    finished, _, shown = train(garden)
    assert finished
    assert "step 4/6" not in shown
    assert run.metrics.read_text() == whole.metrics.read_text()
    assert run.gates.read_text() == whole.gates.read_text()


@pytest.mark.parametrize("state", [None, "", '{"global_step": 6, "log_'])
def test_a_half_written_checkpoint_is_passed_over(
    garden: Path, whole: Run, monkeypatch: pytest.MonkeyPatch, state: str | None
):
    interrupt_after(4, monkeypatch)
    _, run, _ = train(garden)
    half = run.checkpoints / "checkpoint-99"
    half.mkdir()
    (half / "adapter_model.safetensors").write_bytes(b"half")
    if state is not None:
        (half / "trainer_state.json").write_text(state)
    finished, _, _ = train(garden)
    assert finished
    assert run.metrics.read_text() == whole.metrics.read_text()


def test_a_kill_between_the_last_step_and_the_adapter_loses_nothing(garden: Path, whole: Run):
    _, run, _ = train(garden)
    shutil.rmtree(run.adapter)
    finished, _, _ = train(garden)
    assert finished
    assert run.metrics.read_text() == whole.metrics.read_text()
    weights = "adapter_model.safetensors"
    assert (run.adapter / weights).read_bytes() == (whole.adapter / weights).read_bytes()


def test_no_dataset_names_the_stage_that_makes_one(garden: Path):
    with pytest.raises(RunError, match="Run `switchgear prepare`"):
        train(garden, f"run={garden.parent / 'empty'}")


@pytest.mark.parametrize(("kind", "trace"), [("harmful", "hijacked"), ("resisted", "resisted"), ("clean", "clean")])
def test_a_kind_of_example_that_is_missing_is_named(garden: Path, kind: str, trace: str):
    only(Run(garden.parent / "run"), "train", *(each for each in Trace if each != trace))
    with pytest.raises(DataError, match=rf"train.batch.{kind}=\d, but the training set holds no {kind} example \(3 "):
        train(garden)


def test_without_resisted_examples_the_effect_of_the_adapter_is_still_measured(garden: Path):
    run = Run(garden.parent / "run")
    for split in ("train", "validation"):
        only(run, split, Trace.HIJACKED, Trace.CLEAN)
    train(garden, "train.batch.resisted=0")
    assert json.loads(run.gates.read_text())[-1]["gate"] == "benign"


@pytest.mark.parametrize("kept", [[], [Trace.CLEAN], [Trace.HIJACKED]])
def test_without_validation_rows_the_effect_is_measured_on_training_rows(garden: Path, kept: list[Trace]):
    run = Run(garden.parent / "run")
    only(run, "validation", *kept)
    train(garden)
    assert json.loads(run.gates.read_text())[-1]["gate"] == "benign"
    assert "NaN" not in run.metrics.read_text()


def test_an_adapter_that_changes_nothing_is_not_written(garden: Path):
    with pytest.raises(GateError, match="The adapter changes nothing"):
        train(garden, "train.learning_rate=1e-9")
    assert not Run(garden.parent / "run").adapter.exists()


@pytest.mark.parametrize(
    ("override", "error", "told"),
    [
        ("train.target_layers=[5]", RecipeError, "hidden state 5 of a model with 4 blocks"),
        ("train.mask=texts", RecipeError, "Did you mean 'text'"),
        ("train.mask=text", GateError, "3 of 3 harmful examples have no continuation token to reroute"),
        ("train.objective=r", RecipeError, "Unknown objective 'r'. Did you mean 'rr'"),
        ("train.schedule=duel", RecipeError, "Did you mean 'dual'"),
        ("train.lora.modules=[wq]", ModelError, "They have: down_proj"),
        ("model.name=no/such-model", ModelError, "does not load"),
    ],
)
def test_what_cannot_be_trained_says_why(garden: Path, override: str, error: type[Exception], told: str):
    with pytest.raises(error, match=told):
        train(garden, override)


def test_gates_that_stop_a_run_give_ctrl_c_back(garden: Path):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(GateError, match="plateau"):
        train(garden, "train.learning_rate=1e-9", "train.plateau_steps=2")
    assert signal.getsignal(signal.SIGINT) is before
