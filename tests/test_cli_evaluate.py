"""`switchgear evaluate` on a run folder, with a suite."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from switchgear import cli
from switchgear.recipe import load, suites
from switchgear.runs import Run

SMALL = {"limit": 1, "modes": ["free"], "max_new_tokens": 2, "tasks": [{"name": "over_refusal"}], "attacks": []}


def test_a_run_folder_is_evaluated_with_a_suite_and_what_was_skipped_is_said(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(suites.SUITES, "quick", SMALL)
    run = Run(Path(shutil.copytree(trained.parent / "run", tmp_path / "moved")))
    (tmp_path / "bfcl").mkdir()
    (tmp_path / "bfcl" / "BFCL_v4_irrelevance.json").write_text("")
    asked = ["--suite", "quick", "--data", str(tmp_path), "--limit", "1", "evaluate.batch_size=1"]
    result = CliRunner().invoke(cli.app, ["evaluate", str(run.root), *asked])
    assert result.exit_code == 0, result.output
    summary = json.loads(run.summary.read_text())
    assert (summary["suite"], summary["tasks"]) == ("quick", [])
    assert [each["name"] for each in summary["skipped"]] == ["over_refusal"]
    assert "Skipped: over_refusal. The holdout has no case to comply" in " ".join(result.output.split())
    kept = load(run.recipe)
    assert (kept.run, kept.evaluate.suite, kept.evaluate.batch_size) == (run.root, "quick", 1)
