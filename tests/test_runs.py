import errno
import io
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.errors import DataError, RunError
from switchgear.runs import (
    Run,
    append_model,
    peak_memory,
    read_models,
    record,
    replacing,
    replacing_folder,
    resume_models,
    resumed,
    write_json,
    write_models,
)
from switchgear.schema import Drop


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path):
    path = tmp_path / "file.json"
    write_json(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(str(1 / 0))
    assert json.loads(path.read_text()) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path):
    folder = tmp_path / "dataset"
    for text in ("old", "new"):
        with replacing_folder(folder) as fresh:
            (fresh / f"{text}.txt").write_text(text)
    assert [path.name for path in folder.iterdir()] == ["new.txt"]
    with pytest.raises(RunError, match="No space left"), replacing_folder(folder) as fresh:
        raise OSError(errno.ENOSPC, f"No space left for {fresh}")
    assert [path.name for path in folder.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_full_disk_is_an_error_that_says_nothing_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file.json"
    write_json(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"No space left on device.*untouched"):
        write_json(path, "new")
    assert json.loads(path.read_text()) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_line_is_named_without_its_text(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    write_models(path, [Drop(reason="a", row="1"), Drop(reason="b", row="2")])
    path.write_text(path.read_text() + '{"reason": "secret words", "row"')
    with pytest.raises(DataError, match=r"rows.jsonl:3 is not a Drop") as error:
        list(read_models(path, Drop))
    assert "secret" not in str(error.value)


def test_what_a_stage_needs_names_the_stage_that_writes_it(tmp_path: Path):
    run = Run(tmp_path)
    with pytest.raises(RunError, match="Run `switchgear train`"):
        run.need(run.adapter, "train")


def test_provenance_collects_over_stages(tmp_path: Path):
    run = Run(tmp_path)
    record(run, seed=3, wall_seconds={"prepare": 1.0})
    record(run, wall_seconds={"train": 2.0})
    known = json.loads(run.provenance.read_text())
    assert known["wall_seconds"] == {"prepare": 1.0, "train": 2.0}
    assert known["seed"] == 3
    assert known["packages"]["torch"]


def test_a_half_written_line_is_cut_off_and_written_again(tmp_path: Path):
    path = tmp_path / "rows.partial.jsonl"
    assert resume_models(path, Drop) == []
    one, two = Drop(reason="a", row="1"), Drop(reason="b", row="2")
    append_model(path, one)
    with path.open("a") as file:
        file.write('{"reason": "b", "ro')
    assert resume_models(path, Drop) == [one]
    append_model(path, two)
    assert resume_models(path, Drop) == [one, two]


def test_work_that_was_cut_off_goes_on_with_the_batch_that_is_not_written(tmp_path: Path):
    path, told, seen = tmp_path / "rows.partial.jsonl", io.StringIO(), []

    def do(row: str) -> Drop:
        seen.append(row)
        return Drop(reason="a", row=str(1 // (len(seen) != 2)) + row)

    for error in (pytest.raises(ZeroDivisionError), nullcontext()):
        with error:
            done = resumed(path, Drop, ["x", "y", "z"], do, "count", Console(file=told), every=2)
    assert seen == ["x", "y", "y", "z"]
    assert [drop.row for drop in done] == ["1x", "1y", "1z"]
    assert list(read_models(path, Drop)) == done
    assert told.getvalue() == "count: 2 of 3 batches\n"


def test_a_line_that_cannot_be_written_says_where_the_stage_goes_on(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"could not be written \(File exists\)\. The same command goes on"):
        append_model(tmp_path / "file" / "rows.jsonl", Drop(reason="a", row="1"))


def test_a_file_where_a_folder_should_be_is_an_error_of_the_run(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="could not be written"):
        write_json(tmp_path / "file" / "below.json", 1)


def test_bytes_that_are_not_text_are_a_damaged_line(tmp_path: Path):
    (tmp_path / "rows.jsonl").write_bytes(b"\xff\xfe\x00\n")
    with pytest.raises(DataError, match=r"rows.jsonl:1 is not a Drop"):
        list(read_models(tmp_path / "rows.jsonl", Drop))


def test_peak_memory_is_plausible_and_unknown_on_windows(monkeypatch: pytest.MonkeyPatch):
    peak = peak_memory()
    assert peak is not None
    assert 2**24 < peak < 2**40
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_memory() is None
