"""The commands of this room, on the trained garden."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from switchgear import cli
from switchgear.deploy import tokens
from switchgear.errors import DataError, RecipeError, RunError
from switchgear.runs import Run


def switchgear(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, list(map(str, arguments)), env={"TERM": "dumb"})


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    shutil.copytree(trained.parent / "run", tmp_path / "run")
    return Run(tmp_path / "run")


def test_a_guard_is_fitted_measured_and_used_in_a_chat(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tokens, "TURNED", 0.1)  # the tiny model's states turn everywhere; below this, in some tokens
    fitted = switchgear("guard", "fit", run.root)
    assert fitted.exit_code == 0, fitted.exception
    assert "replayed" in fitted.output

    measured = switchgear("guard", "evaluate", run.root, "--limit", 2)
    assert measured.exit_code == 0, measured.exception
    assert {line["mode"] for line in json.loads((run.guard / "evaluation.json").read_text())["rates"]} == {
        "replayed",
        "free",
        "forced",
        "prefilled",
        "halfway",
    }
    assert "The guard takes" in measured.output

    tools = tmp_path / "tools.json"
    tools.write_text(json.dumps([{"type": "function", "function": {"name": "water", "parameters": {}}}]))
    told = switchgear("chat", run.root, "--once", "Water the roses.", "--tools", tools, "--max-new-tokens", 4)
    assert told.exit_code == 0, told.exception
    assert "frozen" in told.output
    assert "adapted" in told.output


def test_a_chat_takes_messages_results_and_commands_until_it_is_quit(run: Run):
    given = "Water the roses.\n/result dry\n/new\n/what\n\n/quit\n"
    result = CliRunner().invoke(cli.app, ["chat", str(run.root), "--max-new-tokens", "4"], input=given)
    assert result.exit_code == 0, result.exception
    assert result.output.count("adapted") == 1
    assert "No call waits for a result." in result.output


def test_what_a_model_writes_cannot_steer_the_terminal():
    from switchgear.cli.chat import _plain

    assert _plain("a\x1b[2J\rb\nc") == "a\ufffd[2J\ufffdb\nc"


def test_a_folder_that_is_no_run_and_tools_that_are_none_are_errors(run: Run, tmp_path: Path):
    assert isinstance(switchgear("guard", "fit", tmp_path).exception, RunError)
    assert isinstance(switchgear("guard", "evaluate", run.root).exception, RunError)
    tools = tmp_path / "tools.json"
    tools.write_text("[7]")
    error = switchgear("chat", run.root, "--once", "hello", "--tools", tools).exception
    assert isinstance(error, DataError)
    assert "no list of tools" in str(error)


def test_the_proxy_wants_an_address():
    assert isinstance(switchgear("proxy", "localhost:8000").exception, RecipeError)


def test_the_proxy_listens_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch):
    uvicorn = pytest.importorskip("uvicorn")
    given: dict[str, object] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: given.update(options))
    assert switchgear("proxy", "http://127.0.0.1:8000/v1").exit_code == 0
    assert given["host"] == "127.0.0.1"
    assert given["access_log"] is False
