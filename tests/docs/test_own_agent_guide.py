"""`docs/own-agent.md` does what it says: its recipe and every command marked for running, on a tiny model."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from switchgear import cli
from tests.garden_traces import write_traces

GUIDE = Path(__file__).parents[2] / "docs" / "own-agent.md"
FILES = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
COMMANDS = re.compile(r"<!-- run -->\n```bash\n(.*?)```", re.DOTALL)
BEDS = tuple(f"bed {number}" for number in range(12))
FASTER = {
    "alpha": ("steps: 100", "steps: 40\n  log_every: 1"),
    "rate": ("learning_rate: 2.5e-3", "learning_rate: 1.0e-2"),
    "weight": ("retain_weight: 2.5", "retain_weight: 0.1"),
    "type": ("name: models/my-agent", "dtype: float32\n  name: models/my-agent"),
}
"""What a random model of 4 narrow blocks needs to learn in a second. All else is as written."""


def test_the_guide_leads_from_traces_to_an_export(
    tmp_path: Path, tiny_chat_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_chat_model, tmp_path / "models" / "my-agent")
    write_traces(tmp_path / "traces" / "train", BEDS[:8], held_out=())
    write_traces(tmp_path / "traces" / "held_out", BEDS[8:], held_out=())
    text = GUIDE.read_text(encoding="utf-8")
    [(name, recipe)] = FILES.findall(text)
    for before, after in FASTER.values():
        assert before in recipe
        recipe = recipe.replace(before, after)
    (tmp_path / name).write_text(recipe, encoding="utf-8")
    lines = [line for block in COMMANDS.findall(text) for line in block.splitlines()]
    assert len(lines) == 9
    for line in lines:
        run(line, monkeypatch, capsys)
    for made in ("preview.html", "runs/safer/report.html", "exports/adapter/README.md", "exports/merged/README.md"):
        assert (tmp_path / made).stat().st_size


def run(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One command in this process, with what it prints in the file after `>`. Fails with what it said."""
    command, _, file = line.partition(" > ")
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr()
    assert stopped.value.code in (0, None), f"{line}\n{said.out}\n{said.err}"
    if file:
        Path(file).write_text(said.out, encoding="utf-8")


def test_the_row_that_is_shown_is_one_that_is_read(tmp_path: Path):
    from switchgear.data.sources import SOURCES
    from switchgear.recipe import SourceRecipe
    from switchgear.schema import Trace

    [shown] = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "row.jsonl").write_text(" ".join(shown.split()) + "\n")
    [example] = SOURCES["agent_traces"](SourceRecipe(name="agent_traces", path=tmp_path / "row.jsonl"), 0)
    assert (example.trace, example.continuation) == (Trace.HIJACKED, (3,))
