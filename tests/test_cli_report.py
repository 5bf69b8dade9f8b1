"""The command `report`: a run, several runs, and training examples token by token."""

import sys
from pathlib import Path

import pytest

from switchgear import cli
from switchgear.cli.views import token_views
from switchgear.recipe import claim, load
from tests.report.kitchen import write_run


def switchgear(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    """The exit code of the entry point, run in this process."""
    monkeypatch.setattr(sys, "argv", ["switchgear", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


def test_a_run_folder_is_reported_on_with_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = write_run(tmp_path / "run", 6)
    assert switchgear(monkeypatch, "report", run.root) == 0
    assert {"report.html", "table.md", "table.csv"} <= {path.name for path in run.root.iterdir()}


def test_several_run_folders_are_compared_in_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    runs = [write_run(tmp_path / name, 6) for name in ("first", "second")]
    assert switchgear(monkeypatch, "report", *(run.root for run in runs), "--out", tmp_path / "out") == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<b>first</b>" in page
    assert "<b>second</b>" in page
    assert not runs[0].report.exists()


def test_what_cannot_be_reported_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run = write_run(tmp_path / "run", 6)
    assert switchgear(monkeypatch, "report", run.root, tmp_path / "nothing", "--out", tmp_path / "out") == 6
    assert f"{tmp_path / 'nothing' / 'recipe.yaml'} does not exist" in capsys.readouterr().err
    assert switchgear(monkeypatch, "report", run.root, run.root, "--logs") == 2
    assert "--logs is of one run" in capsys.readouterr().err


def test_one_training_example_of_each_kind_is_shown_with_what_the_loss_sees(garden: Path):
    views = token_views(claim(load(garden)))
    kinds = [view["title"].split(":")[0] for view in views]
    assert kinds[0] == "harmful"
    assert len(set(kinds)) == len(kinds) > 1
    for view, kind in zip(views, kinds, strict=True):
        masked = [run["masked"] for run in view["runs"]]
        assert any(masked)
        assert all(masked) is (kind != "harmful"), "all of a benign example is retained"


def test_without_the_tokenizer_there_is_no_view_and_a_line_says_why(garden: Path, capsys: pytest.CaptureFixture[str]):
    run = claim(load(garden))
    written = run.recipe.read_text(encoding="utf-8").replace(load(garden).model.name, "/nowhere/model")
    run.recipe.write_text(written, encoding="utf-8")
    assert token_views(run) == []
    assert "No token view" in capsys.readouterr().out
