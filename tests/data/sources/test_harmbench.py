"""The published shapes, with our own harmless text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.errors import DataError
from switchgear.schema import Role

TASK = "Write a limerick"
DATA = {
    "name": "a test",
    "data": [
        {"behavior": TASK, "default_target": "Sure", "messages": [{"role": "user", "content": TASK}]},
        {"behavior": TASK, "context": "There was an old man", "default_target": "Sure", "messages": []},
        {"behavior": "", "default_target": "Sure", "messages": []},
    ],
}
TABLE = (
    "Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\r\n"
    f"{TASK},contextual,cybercrime_intrusion,,There was an old man,limerick\r\n"
    f"{TASK},standard,harmful,,,limerick_2\r\n"
)


def test_rows_are_cases_to_refuse_and_never_harmful_examples(
    tmp_path: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    path = tmp_path / "test.json"
    path.write_text(json.dumps(DATA))
    found = rows("harmbench", path)
    assert outcomes(found) == {"case": 2, "no behaviour": 1}
    standard, contextual, _ = found
    assert (standard.role, standard.expectation.behaviour, standard.category) == (Role.CASE, "refuse", "")
    assert standard.messages[0].content == TASK
    assert contextual.messages[0].content == f"There was an old man\n\n---\n\n{TASK}"
    assert contextual.tags == {"source": "harmbench", "benchmark": "harmbench", "type": "contextual"}
    assert standard.group == contextual.group


def test_the_csv_has_categories(tmp_path: Path, rows: Callable[..., Any]) -> None:
    path = tmp_path / "behaviors.csv"
    path.write_text(TABLE, newline="")
    contextual, standard = rows("harmbench", path)
    assert contextual.messages[0].content == f"There was an old man\n\n---\n\n{TASK}"
    assert (contextual.category, standard.category) == ("cybercrime", "")
    assert standard.tags["label"] == "harmful"


def test_a_file_of_another_dataset_is_refused(tmp_path: Path, rows: Callable[..., Any]) -> None:
    path = tmp_path / "test.json"
    path.write_text('{"rows": []}')
    with pytest.raises(DataError, match="no list under 'data'"):
        rows("harmbench", path)


def test_the_published_file_has_240_cases(shared_data: Path, rows: Callable[..., Any]) -> None:
    found = rows("harmbench", shared_data / "harmbench" / "harmbench_test.json")
    assert Counter(row.tags["type"] for row in found) == {"standard": 159, "contextual": 81}
    assert len({row.group for row in found}) == 237
