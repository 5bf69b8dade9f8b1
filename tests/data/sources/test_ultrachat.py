"""The published shape, with our own text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.errors import DataError
from switchgear.schema import Role

HELLO = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi! How are you?"}]
MORE = [{"role": "user", "content": "Fine."}, {"role": "assistant", "content": "Good to hear."}]


def row(*messages: dict[str, str]) -> str:
    return json.dumps({"prompt": "Hello", "prompt_id": "f0", "messages": messages}) + "\n"


def test_all_that_the_assistant_says_is_the_continuation(tmp_path: Path, rows: Callable[..., Any]) -> None:
    path = tmp_path / "train_sft.jsonl"
    path.write_text(row(*HELLO, *MORE))
    (example,) = rows("ultrachat", path)
    assert (example.role, example.continuation) == (Role.BENIGN, (1, 3))
    assert (example.provenance.licence, example.tags) == ("MIT", {"source": "ultrachat"})


def test_rows_without_an_answer_are_dropped(
    tmp_path: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    path = tmp_path / "train_sft.jsonl"
    path.write_text(row(*HELLO) + row(HELLO[0]) + row({"role": "narrator", "content": "Once"}))
    assert outcomes(rows("ultrachat", path)) == {
        "benign": 1,
        "no completion: the assistant says nothing": 1,
        "not a conversation (wrong: role)": 1,
    }
    assert outcomes(rows("ultrachat", path, first_rows=1)) == {"benign": 1}


def test_without_a_path_it_is_read_from_the_hub(rows: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match=r"HuggingFaceH4/ultrachat_200k' \(split 'train_sft'\)"):
        rows("ultrachat", None)
