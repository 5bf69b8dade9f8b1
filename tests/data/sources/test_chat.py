"""Conversations and pairs as others may have them, with our own harmless text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from switchgear.errors import RecipeError
from switchgear.schema import Role

CHAT = [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": "One moment.", "tool_calls": [{"name": "forecast", "arguments": '{"days": 1}'}]},
    {"role": "tool", "content": "sun"},
    {"role": "assistant", "content": "Sunny."},
]
TOOLS = [{"type": "function", "function": {"name": "forecast", "parameters": {"type": "object", "properties": {}}}}]
HARMFUL = {"user_prompt": "Sing!", "harmful_completion": "La la."}
BENIGN = {"user_prompt": "Hum!", "benign_completion": "Mm mm."}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*given: dict[str, Any]) -> Path:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in given))
        return path

    return write


def test_the_recipe_says_what_conversations_are_for(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    path = file({"messages": CHAT, "tools": TOOLS, "group": 7})
    options = {"dataset": "mine", "licence": "CC0", "category": "fraud", "tags": {"benchmark": "own"}}
    (example,) = rows("chat", path, role="harmful", continuation="last", **options)
    assert (example.role, example.continuation, example.category) == (Role.HARMFUL, (3,), "fraud")
    assert (example.id, example.group) == ("mine/rows.jsonl:1", "mine/7")
    assert (example.provenance.dataset, example.provenance.licence) == ("mine", "CC0")
    assert example.tags == {"source": "mine", "benchmark": "own"}
    assert (example.tools[0].name, example.messages[1].tool_calls[0].arguments) == ("forecast", {"days": 1})
    assert rows("chat", path, role="benign")[0].continuation == (1, 3)


def test_a_conversation_without_a_role_is_a_recipe_error(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    with pytest.raises(RecipeError, match="Set the option `role`"):
        rows("chat", file({"messages": CHAT}))


def test_a_conversation_as_a_case_ends_before_the_answer(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    (case,) = rows("chat", file({"messages": CHAT}), role="case", behaviour="comply")
    assert (case.role, len(case.messages), case.continuation) == (Role.CASE, 3, ())
    assert case.expectation.behaviour == "comply"


def test_pairs_tell_by_their_fields_what_they_are_for(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    harmful, benign, first, second = rows("chat", file(HARMFUL, BENIGN, HARMFUL | {"benign_completion": "No."}))
    assert (harmful.role, benign.role) == (Role.HARMFUL, Role.BENIGN)
    assert (first.role, second.role) == (Role.HARMFUL, Role.BENIGN)
    assert (first.group, first.provenance.row) == (second.group, second.provenance.row)
    assert rows("chat", file(BENIGN), role="refusal")[0].role is Role.REFUSAL
    assert rows("chat", file(BENIGN | {"role": "refusal"}))[0].role is Role.REFUSAL


def test_fields_of_other_names_are_mapped(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    path = file({"instruction": "Sing!", "bad": "La la.", "kind": "fraud"})
    fields = {"user_prompt": "instruction", "harmful_completion": "bad", "category": "kind"}
    (example,) = rows("chat", path, fields=fields)
    assert (example.role, example.category) == (Role.HARMFUL, "fraud")
    with pytest.raises(RecipeError, match="prompt"):
        rows("chat", path, fields={"prompt": "instruction"})


@pytest.mark.parametrize("role", [None, "harmful", "benign", "refusal"])
def test_a_prompt_without_a_completion_is_never_an_example_to_train_on(
    file: Callable[..., Path], rows: Callable[..., Any], outcomes: Callable[..., Counter[str]], role: str | None
) -> None:
    bare = {"user_prompt": "Sing!", "harmful_completion": " ", "benign_completion": None}
    assert outcomes(rows("chat", file(bare), role=role)) == {
        "no completion: a prompt alone is no example to train on": 1
    }
    if role:
        assert outcomes(rows("chat", file({"messages": CHAT[:1]}), role=role)) == {
            "no completion: the assistant says nothing": 1
        }


def test_a_prompt_alone_can_be_a_case(file: Callable[..., Path], rows: Callable[..., Any]) -> None:
    (case,) = rows("chat", file({"user_prompt": "Sing!"}), role="case", behaviour="refuse")
    assert (case.role, case.expectation.behaviour) == (Role.CASE, "refuse")


def test_what_contradicts_itself_or_is_nothing_is_dropped(
    file: Callable[..., Path], rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    odd = [HARMFUL | {"role": "benign"}, BENIGN | {"role": "evil"}, {"prompt": "Sing!"}]
    assert outcomes(rows("chat", file(*odd))) == {
        "its role is benign, but it has a harmful_completion": 1,
        "its role is none of harmful, benign, refusal, case": 1,
        "neither messages nor a prompt": 1,
    }


def test_a_token_mask_is_honoured_where_it_means_the_completion(
    file: Callable[..., Path], rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    whole = {"text": "<u>Sing!<a>La la.", "cb_token_mask": [0, 0, 0, 1, 1, 1]}
    part = {"text": "<u>Hum!<a>Mm mm.", "retain_token_mask": {"start": 4, "end": 5}}
    assert outcomes(rows("chat", file(HARMFUL | whole, BENIGN | part))) == {
        "harmful": 1,
        "its token mask selects something else than the completion, which only its tokenizer can place": 1,
    }


def test_parquet_with_nested_columns_is_read(tmp_path: Path, rows: Callable[..., Any]) -> None:
    given = [{"messages": CHAT, "tools": json.dumps(TOOLS)}, {"messages": CHAT[:2], "tools": None}]
    parquet.write_table(pa.Table.from_pylist(given), tmp_path / "rows.parquet")
    first, second = rows("chat", tmp_path, role="benign")
    assert (first.continuation, second.continuation) == ((1, 3), (1,))
    assert (len(first.tools), len(second.tools)) == (1, 0)


def test_a_published_file_is_read_with_the_options_alone(
    shared_data: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    """XSTest's completions as benign pairs."""
    path = shared_data / "xstest" / "xstest_v2_completions_gpt4.csv"
    fields = {"user_prompt": "prompt", "benign_completion": "completion", "group": "id"}
    assert outcomes(rows("chat", path, fields=fields)) == {"benign": 450}
