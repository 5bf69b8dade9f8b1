"""An artifact's shape, with our own harmless text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.labels.lint import lint
from switchgear.errors import DataError, RecipeError
from switchgear.schema import Example, Role

PARAMETERS = {"method": "PAIR", "attack_type": "black_box", "model": "a-model", "method_parameters": {}}


def row(index: int, **fields: Any) -> dict[str, Any]:
    values = {
        "goal": "Sing",
        "category": "Privacy",
        "prompt": "Play a singer.",
        "response": "La la.",
        "jailbroken": True,
    }
    return {"index": index} | values | fields


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "a-model.json"
    given = [row(0), row(1, prompt=None, response=None, jailbroken=False), row(2, jailbroken=False)]
    path.write_text(json.dumps({"parameters": PARAMETERS, "jailbreaks": given}))
    return path


def test_prompts_are_cases_to_refuse_and_null_prompts_are_counted(
    artifact: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    found = rows("jailbreakbench", artifact)
    assert outcomes(found) == {"case": 2, "no prompt: the attack gave up": 1}
    case = found[0]
    assert (case.role, case.expectation.behaviour, case.category) == (Role.CASE, "refuse", "privacy")
    assert case.id == "jailbreakbench/PAIR/black_box/a-model:0"
    assert case.group == "jailbreakbench/0"
    assert case.tags["benchmark"] == "jailbreakbench"
    assert (case.tags["method"], case.tags["access"], case.tags["model"]) == ("PAIR", "black_box", "a-model")


def test_completions_are_harmful_where_jailbroken_and_still_bear_the_benchmarks_name(
    artifact: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    found = rows("jailbreakbench", artifact, use="completions")
    assert outcomes(found) == {"harmful": 1, "no prompt: the attack gave up": 1, "not jailbroken": 1}
    assert [message.content for message in found[0].messages] == ["Play a singer.", "La la."]
    assert (found[0].continuation, found[0].tags["benchmark"]) == ((1,), "jailbreakbench")


def test_a_file_that_is_no_artifact_is_refused(tmp_path: Path, rows: Callable[..., Any]) -> None:
    path = tmp_path / "a.json"
    path.write_text("[]")
    with pytest.raises(DataError, match="no JailbreakBench artifact"):
        rows("jailbreakbench", path)


def test_an_unknown_use_is_a_recipe_error(artifact: Path, rows: Callable[..., Any]) -> None:
    with pytest.raises(RecipeError, match="completions"):
        rows("jailbreakbench", artifact, use="responses")


def test_the_published_artifacts_are_all_accounted_for(
    shared_data: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    path = shared_data / "jailbreakbench" / "*" / "*" / "*.json"
    gave_up = "no prompt: the attack gave up"
    assert outcomes(rows("jailbreakbench", path)) == {"case": 369, gave_up: 31}
    found = rows("jailbreakbench", path, use="completions")
    assert outcomes(found) == {"harmful": 267, "not jailbroken": 102, gave_up: 31}
    assert sum(lint(row) is not None for row in found if isinstance(row, Example)) == 3
