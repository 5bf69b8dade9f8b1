from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.reading.tool_specs import inferred, json_schema
from switchgear.schema import ToolCall

json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


def test_a_tool_has_the_arguments_that_were_given_and_requires_those_of_every_call() -> None:
    watered, rung = inferred(
        [
            ToolCall(name="water", arguments={"bed": "roses", "litres": 2, "cold": True}),
            ToolCall(name="water", arguments={"bed": "beans", "litres": 0.5}),
            ToolCall(name="ring", arguments={}),
        ]
    )[::-1]
    assert watered.name == "water"
    assert watered.parameters == {
        "type": "object",
        "properties": {"bed": {"type": "string"}, "litres": {"type": "number"}, "cold": {"type": "boolean"}},
        "required": ["bed", "litres"],
    }
    assert (rung.name, rung.parameters["properties"]) == ("ring", {})


@given(values=st.lists(json_values, min_size=1, max_size=4))
def test_any_json_value_has_a_type(values: list[Any]) -> None:
    (tool,) = inferred(ToolCall(name="t", arguments={"a": value}) for value in values)
    assert tool.parameters["required"] == ["a"]
    assert tool.parameters["properties"]["a"]["type"]


def test_python_types_become_json_schema_at_every_depth_and_names_are_left_alone() -> None:
    given = {
        "type": "dict",
        "properties": {
            "type": {"type": "string", "description": "A property that is called type."},
            "speed": {"type": "float", "default": 1.0},
            "points": {"type": "array", "items": {"type": "tuple", "items": {"type": "float"}}},
            "anything": {"type": "any"},
        },
        "required": ["type"],
    }
    assert json_schema(given) == {
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "A property that is called type."},
            "speed": {"type": "number", "default": 1.0},
            "points": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "anything": {},
        },
        "required": ["type"],
    }
