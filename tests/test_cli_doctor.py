"""What the doctor looks at, and what it says when something is in the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from switchgear import cli
from switchgear.cli import doctor
from switchgear.model import machine
from switchgear.model.load import load_model
from switchgear.recipe import load
from switchgear.training.footprint import footprint

GIB = 2**30


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    monkeypatch.setattr(machine, "SIDE", 64)

    def run(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(cli.app, ["doctor", *map(str, arguments)])
        return result.exit_code, result.output

    return run


def test_a_recipe_that_fits_is_fine(asked: Callable[..., tuple[int, str]], garden: Path):
    code, told = asked(garden)
    assert code == 0
    assert "memory to train" in told
    assert "GFLOP/s" in told
    assert " no " not in f" {told} "


def test_without_a_recipe_versions_and_machine_are_looked_at(asked: Callable[..., tuple[int, str]]):
    code, told = asked()
    assert code == 0
    assert "transformers" in told
    assert "memory to train" not in told


def test_what_does_not_fit_is_told_with_what_to_try(
    asked: Callable[..., tuple[int, str]], garden: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machine, "free_memory", lambda: GIB // 10)
    code, told = asked(garden)
    assert code == 1
    assert "render.max_tokens=512" in told
    assert "evaluate.batch_size" in told


def test_a_model_that_does_not_load_is_told(asked: Callable[..., tuple[int, str]], garden: Path):
    code, told = asked(garden, "model.name=no/such-model")
    assert code == 1
    assert "no/such-model" in told


def test_a_version_that_is_too_old_or_missing_is_told(monkeypatch: pytest.MonkeyPatch):
    wanted = ["torch>=99", "no-such-package>=1", 'mkdocs>=1; extra == "docs"']
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: wanted)
    found = {finding.about: finding for finding in doctor._packages()}
    assert found["torch"].good is False
    assert "wanted: >=99" in found["torch"].seen
    assert "not installed" in found["no-such-package"].seen
    assert "mkdocs" not in found


def test_parameters_are_counted_as_they_are(garden: Path):
    recipe = load(garden)
    found, model = footprint(recipe), load_model(recipe.model)
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())
    # up to state 3 of 4: three blocks of q, k, v, o, gate, up, down at width 32, 2 of 4 heads for keys, rank 16
    block = 16 * (64 + 48 + 48 + 64 + 96 + 96 + 96)
    assert found.trained == 3 * block


def test_the_block_below_the_final_norm_is_trained_where_the_authors_loss_reads_it(garden: Path):
    upper = footprint(load(garden, ["train.retain=reference", "train.layers=[3]"]))
    assert 3 * upper.trained == footprint(load(garden)).trained


def test_layers_that_cannot_be_trained_are_told(asked: Callable[..., tuple[int, str]], garden: Path):
    code, told = asked(str(garden), "train.layers=[3]")
    assert code == 1
    assert "block 3 would get no gradient" in told


@pytest.mark.parametrize(
    ("override", "stage"),
    [
        ("render.max_tokens=2048", "train"),
        ("train.batch.harmful=9", "train"),
        ("train.kl=0.1", "train"),
        ("evaluate.batch_size=64", "evaluate"),
        ("evaluate.max_new_tokens=900", "evaluate"),
    ],
)
def test_more_of_it_takes_more_memory(garden: Path, override: str, stage: str):
    assert getattr(footprint(load(garden, [override])), stage) > getattr(footprint(load(garden)), stage)


def test_recomputing_activations_takes_less(garden: Path):
    assert footprint(load(garden, ["train.checkpointing=true"])).train < footprint(load(garden)).train
