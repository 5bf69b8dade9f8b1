import json

import pytest
from pydantic import ValidationError

from switchgear.schema import CharRange, Example, Message, Provenance, Role, ToolCall

SOURCE = Provenance(dataset="d", revision="r", licence="MIT", row="1", sha256="0")
CALL = ToolCall(name="send", arguments={"to": "a", "count": [1, None]})
TURNS = (Message(role="user", content="hi"), Message(role="assistant", tool_calls=(CALL,)))


def example(**fields: object) -> Example:
    return Example(
        **{"id": "1", "role": Role.BENIGN, "messages": TURNS, "continuation": (1,), "group": "g", "provenance": SOURCE}
        | fields
    )


def test_arguments_are_a_string_on_disk_and_a_dictionary_in_memory():
    text = example().model_dump_json()
    assert json.loads(text)["messages"][1]["tool_calls"][0]["arguments"] == '{"to": "a", "count": [1, null]}'
    assert Example.model_validate_json(text) == example()


@pytest.mark.parametrize(
    "fields",
    [
        {"continuation": (0,)},  # a user message
        {"continuation": (2,)},  # no such message
        {"continuation": ()},  # benign without one
        {"role": Role.CASE},  # a case with one
        {"messages": ()},
        {"colour": "red"},
    ],
)
def test_an_example_that_contradicts_itself_is_refused(fields: dict[str, object]):
    with pytest.raises(ValidationError):
        example(**fields)


def test_only_assistants_call_and_think_and_injections_lie_inside_the_content():
    with pytest.raises(ValidationError, match="cannot make tool calls"):
        Message(role="user", tool_calls=(CALL,))
    with pytest.raises(ValidationError, match="cannot think"):
        Message(role="user", thinking="Hm.")
    with pytest.raises(ValidationError, match="past the end"):
        Message(role="tool", content="abc", injected=(CharRange(start=1, end=9),))
    with pytest.raises(ValidationError, match="empty or reversed"):
        CharRange(start=3, end=3)
