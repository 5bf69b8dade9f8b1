import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from switchgear.data.reading.openai import conversation, replies, tools, wrong_fields
from switchgear.schema import Message

ARGUMENTS = {"city": "Bonn", "days": 2}


@pytest.mark.parametrize("arguments", [ARGUMENTS, json.dumps(ARGUMENTS)])
@pytest.mark.parametrize("flat", [True, False])
def test_calls_are_read_in_each_of_their_forms(arguments: object, flat: bool) -> None:
    function = {"name": "forecast", "arguments": arguments}
    call = {"id": "c1"} | (function if flat else {"type": "function", "function": function})
    asked, answered = conversation(
        [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "sun"}]},
        ]
    )
    (made,) = asked.tool_calls
    assert (asked.content, made.name, made.arguments, made.id) == ("", "forecast", ARGUMENTS, "c1")
    assert (answered.content, answered.name, answered.tool_call_id) == ("sun", "forecast", "c1")


def test_columns_that_other_rows_need_are_null_or_empty() -> None:
    """As Parquet has them: every message has every field."""
    empty = {"tool_calls": None, "tool_call_id": None, "name": None}
    messages = conversation(
        [
            {"role": "developer", "content": "Be kind.", **empty},
            {"role": "user", "content": "Hi", **empty, "name": "anna"},
            {"role": "assistant", "content": "Hello", **empty, "tool_calls": []},
        ]
    )
    assert messages == (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Hi"),
        Message(role="assistant", content="Hello"),
    )
    assert replies(messages) == (2,)


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        (None, "its type"),
        ("secret", "its type"),
        ([{"content": "secret"}], "role"),
        ([{"role": "narrator", "content": "secret"}], "role"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "secret"}]}], "content"),
        (
            [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{'a': 'secret'}"}}]}],
            "tool_calls.function.arguments",
        ),
    ],
)
def test_what_is_no_conversation_is_told_by_its_fields(messages: object, wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        conversation(messages)
    assert wrong_fields(caught.value) == wrong


def test_tools_come_as_a_list_or_as_json_and_may_lack_parts() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    nested = {"type": "function", "function": {"name": "forecast", "description": "Weather.", "parameters": parameters}}
    flat: dict[str, Any] = {"name": "now", "description": None}
    for given_tools in ([nested, flat], json.dumps([nested, flat])):
        first, second = tools(given_tools)
        assert (first.name, first.description, first.parameters) == ("forecast", "Weather.", parameters)
        assert (second.name, second.parameters["type"]) == ("now", "object")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
turn = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool"]) | anything,
        "content": anything,
        "tool_calls": st.lists(st.fixed_dictionaries({"function": anything | st.just({"name": "f"})})) | anything,
        "tool_call_id": anything,
    },
)


@given(messages=anything | st.lists(turn, max_size=3))
def test_anything_is_a_conversation_or_a_validation_error(messages: object) -> None:
    wrong, made = "", tuple[Message, ...]()
    try:
        made = conversation(messages)
    except ValidationError as error:
        wrong = wrong_fields(error)
    assert wrong or (isinstance(messages, list) and len(made) == len(messages))
