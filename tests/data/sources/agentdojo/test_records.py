from typing import Any

import pytest

from switchgear.data.sources.agentdojo.records import Record, conversation

METADATA = {"suite_name": "slack", "model": "m", "success": True, "security": True, "user_task_id": "user_task_1"}
OPENING = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]


def messages(*turns: dict[str, Any]) -> list[tuple[str, str, list[str], str]]:
    """Role, content, ids of the calls, id of the call answered; the opening left out."""
    record = Record.model_validate({"messages": [*OPENING, *turns], "metadata": METADATA})
    return [(m.role, m.content, [call.id for call in m.tool_calls], m.tool_call_id) for m in conversation(record)[2:]]


def calls(*names_and_ids: tuple[str, str | None], arguments: object = None) -> dict[str, Any]:
    made = [{"id": i, "function": {"name": n, "arguments": arguments or {}}} for n, i in names_and_ids]
    return {"role": "assistant", "content": None, "tool_calls": made}


def answer(content: str, identifier: str | None, name: str | None = None, **fields: Any) -> dict[str, Any]:
    tool_call = {"function": name, "args": {}} if name else None
    return {"role": "tool", "content": content, "tool_call_id": identifier, "tool_call": tool_call, **fields}


@pytest.mark.parametrize("tool_calls", [None, []])
@pytest.mark.parametrize("content", [None, ""])
def test_an_assistant_turn_with_neither_text_nor_calls_is_left_out(content: str | None, tool_calls: object) -> None:
    assert messages({"role": "assistant", "content": content, "tool_calls": tool_calls}) == []


def test_tool_calls_may_be_absent() -> None:
    assert messages({"role": "assistant", "content": "hi"}) == [("assistant", "hi", [], "")]


def test_results_go_to_the_call_of_their_id_in_whatever_order() -> None:
    turns = (calls(("a", "x"), ("b", "y")), answer("of b", "y"), answer("of a", "x"))
    assert [(content, call) for _, content, _, call in messages(*turns)[1:]] == [("of b", "call_1"), ("of a", "call_0")]


@pytest.mark.parametrize("empty", ["", None])
def test_without_ids_results_go_to_the_calls_of_their_tool_by_position(empty: str | None) -> None:
    turns = (calls(("a", empty), ("b", empty), ("a", empty)), answer("of b", empty, "b"), answer("of a", empty, "a"))
    assert [(content, call) for _, content, _, call in messages(*turns)[1:]] == [("of b", "call_1"), ("of a", "call_0")]


def test_calls_are_numbered_through_the_conversation_and_may_lack_results() -> None:
    turns = (calls(("a", ""), ("b", "")), answer("of a", ""), calls(("a", "")), answer("again", ""))
    assert [(ids, call) for _, _, ids, call in messages(*turns)] == [
        (["call_0", "call_1"], ""),
        ([], "call_0"),
        (["call_2"], ""),
        ([], "call_2"),
    ]


def test_an_error_stands_in_for_an_empty_result() -> None:
    assert messages(calls(("a", "x")), answer("", "x", error="no such page"))[1][1] == "no such page"


def test_arguments_may_be_a_json_string() -> None:
    record = {"messages": [*OPENING, calls(("a", ""), arguments='{"k": 1}')], "metadata": METADATA}
    assert conversation(Record.model_validate(record))[2].tool_calls[0].arguments == {"k": 1}
