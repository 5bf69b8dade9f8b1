"""The published shapes, with our own text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.errors import DataError
from switchgear.schema import Role

CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]
AGAIN = "an answer that was there before"


def answers(*texts: str) -> list[dict[str, str]]:
    return [{"model": f"model_{number}", "completion": text} for number, text in enumerate(texts)]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*given: dict[str, Any]) -> Path:
        path = tmp_path / "tulu.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in given))
        return path

    return write


def test_each_answer_of_the_evaluation_is_kept_once(
    file: Callable[..., Path], rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    path = file(
        {"id": "a", "prompt": "Hello", "completions": answers("Hi!", "Good day.")},
        {"id": "a", "prompt": "Hello", "completions": answers("Hi!", "")},
        {"id": "b", "prompt": "Bye", "completions": answers("Hi!")},
        {"id": "c", "prompt": "", "completions": answers("Hi!")},
        {"id": "d", "prompt": "Hm", "completions": "none"},
    )
    found = rows("tulu", path)
    assert outcomes(found) == {"benign": 3, AGAIN: 1, "no completion": 1, "no prompt, or no completions": 2}
    assert found[0].group == found[1].group != found[4].group
    assert found[0].provenance.row != found[1].provenance.row  # no twins: each can be drawn alone
    assert (found[1].tags["model"], found[1].provenance.licence) == ("model_1", "Apache-2.0 (repository)")


def test_a_row_of_the_mixture_is_a_conversation(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    (example,) = rows("tulu", file({"id": "a", "messages": CHAT, "source": "part/one"}))
    assert (example.role, example.continuation) == (Role.BENIGN, (1,))
    assert (example.tags["subset"], example.provenance.licence) == ("part/one", "ODC-BY-1.0 (parts differ)")


def test_without_a_path_the_mixture_is_read_from_the_hub(rows: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="allenai/tulu-3-sft-mixture"):
        rows("tulu", None)


def test_the_published_evaluation_is_all_accounted_for(
    shared_data: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    found = rows("tulu", shared_data / "tulu_eval" / "eval_instances_tulu_1.jsonl")
    assert outcomes(found) == {"benign": 1288, AGAIN: 704}
    assert len({row.group for row in found if hasattr(row, "group")}) == 332
