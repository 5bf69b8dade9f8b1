import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.reading.react import literal, step


def call(text: str) -> tuple[str, str, dict[str, object]]:
    message = step(text, "call_1")
    assert message is not None
    (made,) = message.tool_calls
    assert made.id == "call_1"
    return message.content, made.name, made.arguments


@pytest.mark.parametrize(
    "arguments",
    [
        '{"note": "today", "deep": {"a": [1]}}',
        "{'note': 'today', 'deep': {'a': (1,)}}",
        '{"note": "today", "deep": {"a": [1]}}  # the note of today',
        "{'note': 'today', 'deep': {'a': [1]}}.",
    ],
)
def test_arguments_are_json_or_a_python_literal_and_remarks_may_follow(arguments: str) -> None:
    text = f"Thought: I read it.\nAction: NotesRead\nAction Input: {arguments}"
    assert call(text) == ("I read it.", "NotesRead", {"note": "today", "deep": {"a": [1]}})


def test_an_argument_may_hold_line_breaks() -> None:
    assert call('Action: Send  \nAction Input: {"body": "a\n\nb"}') == ("", "Send", {"body": "a\n\nb"})


def test_what_follows_an_observation_is_made_up_and_is_cut() -> None:
    text = "Thought: x\nAction: A\nAction Input: {}\nObservation: done\nAction: B\nAction Input: {}\nFinal Answer: y"
    assert call(text) == ("x", "A", {})


def test_an_answer_keeps_its_thought_and_makes_no_call() -> None:
    message = step("Thought: All is read.\nFinal Answer: It is sunny.\nAction: A\nAction Input: {}")
    assert message is not None
    assert (message.content, message.tool_calls) == ("All is read.\n\nIt is sunny.", ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thought: I wonder.",
        "Action: DoorUnlock\nObservation: unlocked\nFinal Answer: done",
        "Action: A\nAction Input: none",
        'Action: A\nAction Input: {"a": 1',
        "Action: A\nAction Input: [1]",
        "Action: A\nAction Input: {1, 2}",
        "Final Answer:  \nObservation: x",
    ],
)
def test_what_is_neither_a_call_nor_an_answer_is_none(text: str) -> None:
    assert step(text) is None


def test_a_literal_is_what_json_can_hold() -> None:
    assert literal("{'a': None, 'b': (1, 2)}") == {"a": None, "b": [1, 2]}
    assert [literal(text) for text in ("open('x')", "{1, 2}", "b'x'", "(" * 300, "", "\0")] == [None] * 6


@given(st.text(st.sampled_from("{}[]()'\":,\n Action Input Final Answer Observation 12"), max_size=80))
def test_any_text_is_a_message_or_none(text: str) -> None:
    message = step(f"Thought: x\nAction: A\nAction Input: {text}")
    assert message is None or message.role == "assistant"
