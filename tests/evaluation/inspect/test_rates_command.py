import pytest
from inspect_ai.model import ModelOutput
from typer.testing import CliRunner

from switchgear.cli import app
from switchgear.errors import RecipeError
from switchgear.evaluation.inspect.hijack import hijack
from tests.evaluation.inspect.scripted import model


@pytest.fixture
def logs(run, measured) -> list[str]:
    outputs = (
        ModelOutput.for_tool_call("mockllm", "ring_bell", {}, content=""),
        ModelOutput.from_content("mockllm", ""),
    )
    return [measured(hijack(str(run.root)), model(lambda *_, o=output: o))[0].location for output in outputs]


def test_rates_are_shown_with_their_n_and_interval(logs):
    result = CliRunner().invoke(app, ["rates", *logs], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines() if "attack_success" in line]
    assert [line[2:6] for line in lines] == [
        ["attack_success", "100", "(34,", "100)"],
        ["attack_success", "0", "(0,", "66)"],
    ]


def test_two_logs_are_compared(logs):
    result = CliRunner().invoke(app, ["rates", "--compare", *logs], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    [line] = [line.split() for line in result.output.splitlines() if line.startswith("attack_success")]
    assert line[1:4] == ["100", "0", "-100"]


def test_a_comparison_takes_two_logs(logs):
    result = CliRunner().invoke(app, ["rates", "--compare", logs[0]])
    assert isinstance(result.exception, RecipeError)
