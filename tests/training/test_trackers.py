"""What `train.report_to` asks for: refused early, or written under the name of the run and gone on with."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.errors import RecipeError
from switchgear.recipe import claim, load
from switchgear.runs import Run
from switchgear.training import trackers
from switchgear.training import train as stage


def train(garden: Path, *overrides: str) -> Run:
    recipe = load(garden, overrides)
    assert stage.train(recipe, claim(recipe), Console(quiet=True))
    return Run(recipe.run)


def train_and_resume(garden: Path, tracker: str) -> Run:
    """Steps 5 and 6 are taken twice."""
    run = train(garden, f"train.report_to=[{tracker}]")
    for lost in (run.adapter, run.checkpoints / "checkpoint-6"):
        shutil.rmtree(lost)
    return train(garden, f"train.report_to=[{tracker}]")


def losses(run: Run) -> list[float]:
    return [json.loads(line)["loss"] for line in run.metrics.read_text().splitlines()]


def test_an_unknown_tracker_is_refused_before_anything_is_loaded_and_can_be_put_right(garden: Path):
    with pytest.raises(RecipeError, match=r"train\.report_to: Unknown tracker 'wandbb'\. Did you mean 'wandb'\? Known"):
        train(garden, "train.report_to=[wandbb]")
    assert not Run(garden.parent / "run").gates.exists()
    assert train(garden).adapter.exists()


def test_a_tracker_that_is_not_installed_comes_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trackers, "get_available_reporting_integrations", lambda: ["trackio"])
    trackers.check(["trackio"])
    with pytest.raises(
        RecipeError, match=r"wandb is not installed here\. pip install 'switchgear\[wandb\]'.*: trackio"
    ):
        trackers.check(["trackio", "wandb"])


def test_tensorboard_gets_each_step_once(garden: Path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train_and_resume(garden, "tensorboard")
    seen = EventAccumulator(str(run.root / "tensorboard")).Reload()
    assert [point.step for point in seen.Scalars("train/reroute")] == [1, 2, 3, 4, 5, 6]
    assert [point.step for point in seen.Scalars("train/cosine_harmful")] == [3, 6]
    assert [point.value for point in seen.Scalars("train/loss")] == pytest.approx(losses(run))


def test_tensorboard_keeps_runs_apart_in_a_folder_for_all(
    garden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("tensorboard")
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "all"))
    run = train(garden, "train.report_to=[tensorboard]", "train.steps=1")
    assert [path.name for path in (tmp_path / "all").iterdir()] == [run.root.name]


def test_wandb_writes_into_the_run_folder_and_offline_a_run_for_each_start(
    garden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.chdir(tmp_path)
    run = train_and_resume(garden, "wandb")
    assert wandb.run is None, "the next run of a sweep would be written into this one"
    wandb.teardown()  # its own process has written everything once it is gone
    written = list((run.root / "wandb").glob("offline-run-*/run-*.wandb"))
    assert (len(written), len({path.name for path in written})) == (2, 2), "of one id, one would overwrite the other"
    for path in written:
        content = path.read_bytes()
        assert all(name in content for name in (b"train/reroute", b"train/retain_coefficient", b"train/cosine_harmful"))
        assert b"beds" not in content
    assert not (tmp_path / "wandb").exists()


def test_trackio_goes_on_with_the_run_named_after_the_folder(
    garden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # read once, when it is first imported
    pytest.importorskip("trackio")
    run = train_and_resume(garden, "trackio")
    with sqlite3.connect(tmp_path / "trackio" / "switchgear.db") as database:
        rows = database.execute("SELECT run_name, metrics FROM metrics ORDER BY id").fetchall()
    assert {name for name, _ in rows} == {run.root.name}
    logged = [values for values in (json.loads(row) for _, row in rows) if "train/loss" in values]
    assert [values["train/global_step"] for values in logged] == [1, 2, 3, 4, 5, 6, 5, 6]
    assert [values["train/loss"] for values in logged[:6]] == pytest.approx(losses(run))
