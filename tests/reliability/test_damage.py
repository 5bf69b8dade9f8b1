"""A file of a run that a disk, a copy or a person has damaged is named: never a traceback, and never a wrong result."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from switchgear import cli
from switchgear.runs import Run


class Told(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> tuple[Path, Run]:
    """The recipe, and a copy of its trained run that may be damaged."""
    return trained, Run(shutil.copytree(trained.parent / "run", tmp_path / "run"))


@pytest.fixture
def switchgear(
    copied: tuple[Path, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Told]:
    recipe, run = copied

    def call(command: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["switchgear", command, str(recipe), f"run={run.root}"])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return Told(int(stopped.value.code or 0), *capsys.readouterr())

    return call


def halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 - 5])


def newest(run: Run) -> Path:
    return max(run.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_leads_to_the_same_run(
    name: str, copied: tuple[Path, Run], trained: Path, switchgear: Callable[[str], Told]
):
    run = copied[1]
    shutil.rmtree(run.adapter)
    damaged = newest(run) / name
    halve(damaged)
    told = switchgear("train")
    assert (told.code, "Traceback" in told.err) == (0, False)
    assert f"Passed over: {damaged} is damaged." in told.out
    whole = Run(trained.parent / "run")
    weights = "adapter_model.safetensors"
    assert (run.adapter / weights).read_bytes() == (whole.adapter / weights).read_bytes()
    assert run.metrics.read_text() == whole.metrics.read_text()


def test_a_checkpoint_without_its_state_is_passed_over(
    copied: tuple[Path, Run], trained: Path, switchgear: Callable[[str], Told]
):
    run = copied[1]
    shutil.rmtree(run.adapter)
    halve(newest(run) / "trainer_state.json")
    assert switchgear("train").code == 0
    assert run.metrics.read_text() == Run(trained.parent / "run").metrics.read_text()


@pytest.mark.parametrize(
    ("name", "command", "code"),
    [
        ("recipe.yaml", "train", 2),
        ("provenance.json", "train", 3),
        ("dataset/holdout.jsonl", "evaluate", 3),
        ("adapter/adapter_model.safetensors", "evaluate", 4),
        ("adapter/adapter_config.json", "evaluate", 4),
        ("evaluation/rows.jsonl", "report", 3),
        ("evaluation/summary.json", "report", 3),
        ("metrics.jsonl", "report", 3),
        ("gates.json", "report", 3),
    ],
)
def test_a_damaged_file_is_named(
    name: str, command: str, code: int, copied: tuple[Path, Run], switchgear: Callable[[str], Told]
):
    run = copied[1]
    if command == "report":
        assert switchgear("evaluate").code == 0
    halve(run.root / name)
    told = switchgear(command)
    assert (told.code, "Traceback" in told.err) == (code, False)
    assert Path(name).name in told.err or "adapter" in told.err


def test_answers_that_a_kill_left_half_written_are_asked_for_again(
    copied: tuple[Path, Run], switchgear: Callable[[str], Told], monkeypatch: pytest.MonkeyPatch
):
    run = copied[1]
    assert switchgear("evaluate").code == 0
    whole = run.rows.read_bytes()
    partial = run.evaluation / "0123.partial.jsonl"
    partial.write_text('{"rows": [')  # of another recipe or adapter: not resumed from
    run.summary.unlink()  # else the answers would be recounted
    assert switchgear("evaluate").code == 0
    assert run.rows.read_bytes() == whole


def test_a_disk_that_fills_up_in_evaluation_loses_nothing(copied: tuple[Path, Run], switchgear: Callable[[str], Told]):
    resource = pytest.importorskip("resource")
    run = copied[1]
    assert switchgear("evaluate").code == 0
    whole = json.loads(run.summary.read_text())
    run.likelihoods.unlink()  # else the answers would be recounted
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        told = switchgear("evaluate")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told.code == 6
    assert "could not be written" in told.err
    assert json.loads(run.summary.read_text()) == whole
    assert switchgear("evaluate").code == 0
    assert json.loads(run.summary.read_text()) == whole
