"""Every script in examples/ runs, on a tiny model, and is short enough to be read at one glance."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.model.load import load_model, load_tokenizer
from switchgear.recipe import ModelRecipe
from switchgear.runs import Run
from switchgear.training.objectives import OBJECTIVES
from tests.garden_traces import write_traces

EXAMPLES = Path(__file__).parents[1] / "examples"
Script = Callable[..., str]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Script:
    """Runs an example in this process, in an empty folder, and returns what it prints."""

    def run(name: str, *arguments: object) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_tested(path: Path):
    assert len(path.read_text().splitlines()) <= 40
    assert f'"{path.stem}"' in Path(__file__).read_text()


def test_own_traces_become_an_adapter(script: Script, tiny_chat_model: Path, tmp_path: Path):
    traces = write_traces(tmp_path / "traces")
    quick = [
        "train.steps=20",
        "train.learning_rate=0.01",
        "model.dtype=float32",
        "train.gates.plateau=off",
        "train.retain_weight=0.1",
    ]
    told = script("train_on_own_traces", tiny_chat_model, traces, tmp_path / "run", *quick)
    run = Run(tmp_path / "run")
    assert (run.adapter / "adapter_model.safetensors").exists()
    assert "switchgear evaluate" in told
    assert {json.loads(line)["tags"].get("set") for line in (run.dataset / "holdout.jsonl").open()} == {"held_out"}


def test_an_objective_of_ones_own_trains(script: Script, garden: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(OBJECTIVES, "right_angle", OBJECTIVES["rr"])  # so that it is taken away again
    script("add_objective", garden)
    assert OBJECTIVES["right_angle"] is not OBJECTIVES["rr"]
    values = [json.loads(line) for line in Run(garden.parent / "run").metrics.read_text().splitlines()]
    assert values[-1]["reroute"] < values[0]["reroute"]


def test_any_model_is_evaluated_and_its_log_scored_again(script: Script, trained: Path, tmp_path: Path):
    run = trained.parent / "run"
    told = script("evaluate_any_model", run, f"switchgear/{run}", "forced")
    assert "attack_success" in told
    [log] = (tmp_path / "logs").glob("*.eval")
    again = script("score_stored_log", log, tmp_path / "again.eval")
    assert (tmp_path / "again.eval").exists()
    rates = [line.split() for line in again.splitlines() if line.startswith(("attack_success", "utility"))]
    assert rates
    assert all(line in [other.split() for other in told.splitlines()] for line in rates)


def test_an_adapter_loads_in_plain_transformers_and_peft(script: Script, trained: Path, tiny_chat_model: Path):
    told = script("load_with_peft", tiny_chat_model, trained.parent / "run" / "adapter", "Water the roses.")
    assert told.startswith("frozen: ")
    assert "adapted:" in told


def test_a_test_bed_is_taught_merged_and_said_to_be_one(script: Script, tiny_chat_model: Path, tmp_path: Path):
    small = [
        "run=run",
        f"model.name={tiny_chat_model}",
        "model.dtype=float32",
        "data.sources=[{name: synthetic_agents, options: {worlds: 4}}]",
        "render.max_tokens=256",
        "train.steps=3",
        "train.warmup_steps=0",
        "train.save_every=3",
    ]
    told = script("testbed_agent", "agent", *small)
    assert "model.name=agent" in told
    assert "not to be deployed" in (tmp_path / "agent" / "README.md").read_text()
    taught, before = (load_model(ModelRecipe(name=str(each))) for each in (tmp_path / "agent", tiny_chat_model))
    assert load_tokenizer(ModelRecipe(name=str(tmp_path / "agent"))).chat_template
    assert any(not a.equal(b) for a, b in zip(taught.parameters(), before.parameters(), strict=True))
