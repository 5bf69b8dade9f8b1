"""`switchgear sweep` on the garden."""

import json
import sys
from pathlib import Path

import pytest

from switchgear import cli
from switchgear.data.sources import SOURCES
from tests.garden import examples


def test_a_run_that_fails_stops_none_and_what_is_done_is_kept(
    garden: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(SOURCES, "garden", lambda recipe, seed: examples())
    monkeypatch.setenv("COLUMNS", "200")
    path = garden.parent / "sweep.yaml"
    path.write_text(
        f"recipe: recipe.yaml\nrun: {garden.parent / 'runs'}\ngrid: {{train.learning_rate: [1.0e-9, 0.01]}}"
    )
    monkeypatch.setattr(sys, "argv", ["switchgear", "sweep", str(path)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    shown = capsys.readouterr().out
    assert "The adapter changes nothing" in shown
    done = garden.parent / "runs" / "learning_rate=0.01"
    assert (done / "report.html").exists()
    assert not (garden.parent / "runs" / "learning_rate=1.0e-09" / "adapter").exists()
    rates = json.loads((done / "evaluation" / "summary.json").read_text())["rates"]
    assert any(line["measure"] == "attack_success" for line in rates)

    before = (done / "adapter").stat().st_mtime_ns
    monkeypatch.setattr(sys, "argv", ["switchgear", "sweep", str(path), "--number", "1"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    assert (done / "adapter").stat().st_mtime_ns == before
