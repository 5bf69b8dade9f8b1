"""`switchgear generate`, from the recipe to the dataset: what it prints, and what it never prints."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear import cli
from switchgear.data.sources import SOURCES
from switchgear.generation.judges import JUDGES
from switchgear.recipe import load
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Role
from tests.scripted_server import completion, serving

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def switchgear(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the entry point in this process."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["switchgear", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code, *capsys.readouterr()

    return run


def test_what_is_generated_is_prepared_with_twins_in_one_split(switchgear: Command, recipe: Callable[..., Path]):
    with serving(lambda r: completion(f"{r.prompt} It is a long story.")) as server:
        endpoint = f"{{url: '{server.url}', model: gardener}}"
        path = recipe(judge={"name": "rules"}, samples=1)
        harmful = f"generate.bad={{kind: harmful, prompts: [{{name: garden}}], endpoint: {endpoint}}}"
        code, out, err = switchgear("generate", path, f"generate.job.endpoint={endpoint}", harmful)
    assert (code, err) == (0, "")
    assert "kept: benign" in out
    assert "kept: harmful" in out
    assert "long story" not in out
    code, out, err = switchgear("prepare", path)
    assert code == 0, err
    dataset = Run(path.parent / "run").dataset
    train, validation = (list(read_models(dataset / f"{name}.jsonl", Example)) for name in ("train", "validation"))
    assert len(train) + len(validation) == 10
    assert {example.group for example in train}.isdisjoint(example.group for example in validation)
    assert {example.role for example in train} == {Role.HARMFUL, Role.BENIGN}
    assert {example.provenance.generation["generator"] for example in train} == {"gardener"}


def test_the_recipe_that_ships_is_understood():
    recipe = load(Path(__file__).parents[2] / "recipes" / "generate.yaml")
    assert {job.kind for job in recipe.generate.values()} == {"harmful", "benign", "refusal"}
    assert {source.name for job in recipe.generate.values() for source in job.prompts} <= set(SOURCES)
    assert {job.judge.name for job in recipe.generate.values()} <= set(JUDGES)


def test_a_job_of_which_nothing_is_kept_is_an_error_after_the_table(switchgear: Command, recipe: Callable[..., Path]):
    with serving(lambda r: completion("I'm sorry, but I can't help with that.")) as server:
        endpoint = {"url": server.url, "model": "gardener"}
        code, out, err = switchgear("generate", recipe(judge={"name": "rules"}, endpoint=endpoint))
    assert code == 3
    assert "dropped: judged refused" in out
    assert err.startswith("DataError: No answer was kept of job.")
    assert "sorry" not in out + err


def test_a_server_that_is_not_there_is_one_message_and_exit_code_4(switchgear: Command, recipe: Callable[..., Path]):
    endpoint = {"url": "http://127.0.0.1:9/v1", "model": "gardener", "attempts": 1}
    code, _, err = switchgear("generate", recipe(judge={"name": "rules"}, endpoint=endpoint))
    assert code == 4
    assert err.startswith("EndpointDownError: http://127.0.0.1:9/v1 cannot be reached (ConnectError).")
    assert "Traceback" not in err


def test_code_of_a_recipe_runs_only_where_the_command_line_allows_it(switchgear: Command, recipe: Callable[..., Path]):
    judge = {"name": "callable", "function": "tests.generation.scripted:by_length"}
    code, _, err = switchgear("generate", recipe(judge=judge, max_new_tokens=20))
    assert (code, "--allow-code" in err) == (2, True)
    code, out, _ = switchgear("generate", recipe(judge=judge, max_new_tokens=20), "--allow-code")
    assert (code, "kept: benign" in out) == (0, True)
