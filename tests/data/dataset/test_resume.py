"""Prepared in one go, in several processes, or killed and begun again: the same files."""

import json
import os
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from switchgear.data.dataset.formats import Format
from switchgear.data.dataset.prepare import prepare
from switchgear.errors import DataError
from switchgear.recipe import Recipe
from switchgear.runs import Run

ROWS = 40
KILLED_AT = {
    "in the middle of a shard": ("shards.dump", ROWS + 5),
    "when all is read": ("rows.check_labels", 1),
    "while the holdout is written": ("writing.replacing", 1),
    "while the training set is written": ("writing.replacing", 3),
    "between two Parquet files": ("writing.write_parquet", 2),
    "before the card": ("prepare.write_json", 1),
    "when all is written": ("prepare.shutil.rmtree", 1),
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Three files: things to say, things to keep quiet about, and things to ask."""
    folder = tmp_path / "files"
    folder.mkdir()
    for role in ("benign", "harmful"):
        row = {f"{role}_completion": "The gate is green."}
        lines = [json.dumps({"user_prompt": f"Tell me {role} thing number {n}.", **row}) for n in range(ROWS)]
        (folder / f"{role}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "cases.jsonl").write_text(json.dumps({"user_prompt": "What is behind it?", "role": "case"}) + "\n")
    return folder


def recipe(files: Path, run: Path, **data: Any) -> Recipe:
    sources = [{"name": "chat", "path": files, "limit": 60, "options": {"licence": "MIT"}}]
    return Recipe.model_validate({"run": run, "model": {"name": "m"}, "data": {"sources": sources, **data}})


def prepared(files: Path, run: Path, processes: int = 1) -> dict[str, bytes]:
    prepare(recipe(files, run), Run(run), Console(quiet=True), formats=list(Format), processes=processes)
    return {path.name: path.read_bytes() for path in Run(run).dataset.iterdir()}


def kill_at(place: str, call: int) -> None:
    """The process dies when it calls the function for the `call`-th time."""
    *module, name = f"switchgear.data.dataset.{place}".split(".")
    owner: Any = import_module(".".join(module[:4]))
    for part in module[4:]:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(owner, name, dying)


@pytest.mark.parametrize(("place", "call"), KILLED_AT.values(), ids=KILLED_AT.keys())
def test_a_kill_loses_and_doubles_nothing(tmp_path: Path, files: Path, place: str, call: int) -> None:
    child = os.fork()
    if child == 0:
        kill_at(place, call)
        prepared(files, tmp_path / "killed")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert prepared(files, tmp_path / "killed") == prepared(files, tmp_path / "whole")
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["dataset"]


def test_what_was_read_before_a_kill_is_not_read_again(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr("switchgear.data.dataset.prepare.place", cut_off)
        with pytest.raises(InterruptedError):
            prepared(files, tmp_path / "run")
    monkeypatch.setattr("switchgear.data.dataset.intake.SOURCES", {})
    assert "train.jsonl" in prepared(files, tmp_path / "run")


def test_any_number_of_processes_gives_the_same_files(tmp_path: Path, files: Path) -> None:
    assert prepared(files, tmp_path / "one") == prepared(files, tmp_path / "three", processes=3)


def test_an_error_in_another_process_is_an_error_here(tmp_path: Path, files: Path) -> None:
    (files / "damaged.jsonl").write_text("{")
    with pytest.raises(DataError, match=r"damaged.jsonl:1 is cut off"):
        prepared(files, tmp_path / "run", processes=2)
    assert not (tmp_path / "run" / "dataset").exists()
