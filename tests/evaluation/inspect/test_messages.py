import pytest
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentImage,
    ContentReasoning,
    ContentText,
    ModelOutput,
)
from inspect_ai.tool import ToolCall as InspectCall
from inspect_ai.tool import ToolCallError

from switchgear.data.sources import SOURCES
from switchgear.errors import ModelError
from switchgear.evaluation.inspect.messages import from_inspect, to_inspect, tool_infos, tool_specs, turn_of
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Message, ToolCall, ToolSpec


def test_a_conversation_goes_to_inspect_and_back():
    conversation = (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Water the beds."),
        Message(
            role="assistant",
            content="Both.",
            thinking="Two beds.",
            tool_calls=(ToolCall(name="water", arguments={"bed": 1}, id="b"), ToolCall(name="look", id="a")),
        ),
        Message(role="tool", name="look", content="dry", tool_call_id="a"),
        Message(role="tool", name="water", content="wet", tool_call_id="b"),
    )
    there = to_inspect(conversation)
    assert [message.tool_call_id for message in there[3:]] == ["call_2", "call_1"]
    back = from_inspect(there)
    assert [(m.role, m.content, m.thinking, m.name) for m in back] == [
        (m.role, m.content, m.thinking, m.name) for m in conversation
    ]
    assert [call.arguments for call in back[2].tool_calls] == [{"bed": 1}, {}]


def test_calls_without_ids_get_different_ones_and_results_take_them_in_order():
    call = Message(role="assistant", tool_calls=(ToolCall(name="look"), ToolCall(name="look")))
    results = [Message(role="tool", name="look", content=text) for text in "ab"]
    there = to_inspect([call, *results, call, *results])
    ids = [message.tool_call_id for message in there if message.role == "tool"]
    assert ids == ["call_1", "call_2", "call_3", "call_4"]


def test_the_answer_to_a_malformed_call_is_told_to_the_model_as_a_user_message():
    call = InspectCall(id="1", function="malformed_call", arguments={}, parse_error="not JSON")
    error = ToolCallError(type="parsing", message="not JSON")
    asked = [
        ChatMessageAssistant(content="<tool_call>{", tool_calls=[call]),
        ChatMessageTool(content="", tool_call_id="1", error=error),
    ]
    assert from_inspect(asked) == (
        Message(role="assistant", content="<tool_call>{"),
        Message(role="user", content="Error: not JSON"),
    )


def test_an_image_is_refused_and_reasoning_is_kept_apart():
    with pytest.raises(ModelError, match="holds image"):
        from_inspect([ChatMessageUser(content=[ContentImage(image="data:,"), ContentText(text="?")])])
    parts = [ContentReasoning(reasoning="Hm."), ContentText(text="Yes.")]
    assert from_inspect([ChatMessageAssistant(content=parts)])[0].thinking == "Hm."


def test_a_tool_comes_back_as_it_was():
    schema = {"type": "object", "properties": {"bed": {"type": "string", "enum": ["a"]}}, "required": ["bed"]}
    spec = ToolSpec(name="water", description="Water a bed.", parameters=schema)
    assert tool_specs(tool_infos([spec])) == (spec,)


@pytest.mark.parametrize(("source", "folder"), [("bfcl", "bfcl"), ("agentharm", "agentharm")])
def test_public_tools_come_back_as_they_were(shared_data, source, folder):
    read = SOURCES[source](SourceRecipe(name=source, path=shared_data / folder), 0)
    specs = {tool for row in read if not isinstance(row, Drop) for tool in map(ToolSpec.model_dump_json, row.tools)}
    tools = [ToolSpec.model_validate_json(spec) for spec in specs]
    assert tools
    assert [tool.name for tool in tools if tool_specs(tool_infos([tool])) != (tool,)] == []


def test_a_call_in_the_text_of_a_server_that_parses_none_is_found():
    output = ModelOutput.from_content("served", '<tool_call>{"name": "water", "arguments": {}}</tool_call>')
    turn = turn_of(output)
    assert (turn.attempted, [call.name for call in turn.calls]) == (1, ["water"])
    rest = ModelOutput.from_content("served", 'ater", "arguments": {}}</tool_call>')
    assert turn_of(rest, opening='<tool_call>{"name": "w').calls == turn.calls


def test_a_call_that_a_server_could_not_parse_is_attempted_and_not_made():
    output = ModelOutput.from_content("served", "")
    output.message.tool_calls = [InspectCall(id="1", function="water", arguments={}, parse_error="bad")]
    turn = turn_of(output)
    assert (turn.attempted, turn.calls, turn.errors, turn.native) == (1, (), ("bad",), False)
