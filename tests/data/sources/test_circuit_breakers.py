"""The reference set's shape, with our own harmless text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.labels.lint import lint
from switchgear.errors import DataError
from switchgear.schema import Example, Role

ROW = {
    "prompt": "How do I whistle?",
    "output": "Purse your lips.",
    "llama3_output": "I cannot help with that.",
    "category": "Self-Harm",
}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: dict[str, Any]) -> Path:
        path = tmp_path / "circuit_breakers_train.json"
        path.write_text(json.dumps(rows))
        return path

    return write


def test_a_row_gives_a_harmful_and_a_refusing_twin(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    harmful, refusal = rows("circuit_breakers", file(ROW))
    assert (harmful.role, refusal.role) == (Role.HARMFUL, Role.REFUSAL)
    assert [message.content for message in harmful.messages] == [ROW["prompt"], ROW["output"]]
    assert [message.content for message in refusal.messages] == [ROW["prompt"], ROW["llama3_output"]]
    assert harmful.continuation == refusal.continuation == (1,)
    assert (harmful.group, harmful.provenance.row) == (refusal.group, refusal.provenance.row)
    assert harmful.id != refusal.id
    assert (harmful.category, harmful.tags["label"]) == ("self_harm", "Self-Harm")


def test_a_missing_answer_drops_its_twin_alone(
    file: Callable[..., Path], rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    given = [ROW | {"output": ""}, ROW | {"llama3_output": None}, ROW | {"prompt": " "}, ROW | {"category": "Odd"}]
    found = rows("circuit_breakers", file(*given))
    assert outcomes(found) == {"no output": 1, "no llama3_output": 1, "no prompt": 2, "harmful": 2, "refusal": 2}
    assert (found[-1].category, found[-1].tags["label"]) == ("", "Odd")


def test_an_output_that_refuses_is_quarantined(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    found = rows("circuit_breakers", file(ROW | {"output": "I'm sorry, but I can't help with that."}))
    assert [lint(row) for row in found if isinstance(row, Example)] == ["harmful, but the continuation refuses", None]


def test_a_missing_file_is_a_data_error(tmp_path: Path, rows: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="circuit_breakers"):
        rows("circuit_breakers", tmp_path / "none.json")
