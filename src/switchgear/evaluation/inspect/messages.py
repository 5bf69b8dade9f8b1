"""Conversations between Inspect's messages and tools and ours."""

from collections.abc import Iterator, Sequence
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    ModelOutput,
)
from inspect_ai.tool import ToolCall as InspectCall
from inspect_ai.tool import ToolInfo, ToolParams

from switchgear.errors import ModelError
from switchgear.model.calls import ParsedTurn, parse_calls
from switchgear.model.tool_format import ToolFormat
from switchgear.schema import Message, ToolCall, ToolSpec

OPENED = "opening"
"""In an output's metadata: what the answer was made to begin with, which is a part of the answer there."""
SCHEMA = "json_schema"  # in a tool's options
PLAIN = {"system": ChatMessageSystem, "user": ChatMessageUser}


def from_inspect(messages: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """A malformed call stays in the text that it came in; what a tool was said to answer to it becomes a user message.

    Raises:
        ModelError: a message with an image, a sound or a file.
    """
    malformed = {
        call.id
        for m in messages
        if isinstance(m, ChatMessageAssistant)
        for call in m.tool_calls or ()
        if call.parse_error
    }
    return tuple(_message(message, malformed) for message in messages)


def to_inspect(messages: Sequence[Message]) -> list[ChatMessage]:
    """Calls are numbered anew, since recorded ids may be missing or repeat; each result has the id of its call."""
    return list(_chat(messages))


def tool_specs(tools: Sequence[ToolInfo]) -> tuple[ToolSpec, ...]:
    return tuple(ToolSpec(name=tool.name, description=tool.description, parameters=_schema(tool)) for tool in tools)


def tool_infos(specs: Sequence[ToolSpec]) -> list[ToolInfo]:
    """Inspect's schema has not every keyword of JSON Schema: the whole is kept beside it, for our own provider."""
    return [
        ToolInfo(
            name=spec.name,
            description=spec.description,
            parameters=ToolParams.model_validate(spec.parameters),
            options={SCHEMA: spec.parameters},
        )
        for spec in specs
    ]


def turn_of(output: ModelOutput, tools: tuple[ToolSpec, ...] = (), opening: str = "") -> ParsedTurn:
    """The answer of any model. Where its server found no call, its text is searched for one in a known format.

    `opening` is what the answer was asked to go on from; our own provider gives it back, others do not.
    """
    told = output.metadata or {}
    message = output.message
    text = message.text if OPENED in told else opening + message.text
    calls = message.tool_calls or []
    if not calls:
        return parse_calls(text, ToolFormat(), tools)
    return ParsedTurn(
        text=text,
        calls=tuple(ToolCall(name=c.function, arguments=c.arguments, id=c.id) for c in calls if not c.parse_error),
        attempted=len(calls),
        errors=tuple(call.parse_error for call in calls if call.parse_error),
        native=told.get("native", not any(call.parse_error for call in calls)),
    )


def _schema(tool: ToolInfo) -> dict[str, Any]:
    """Without `additionalProperties: false`, which Inspect adds to every tool of its own."""
    if tool.options and SCHEMA in tool.options:
        return dict(tool.options[SCHEMA])
    told = tool.parameters.model_dump(exclude_none=True)
    return {key: value for key, value in told.items() if (key, value) != ("additionalProperties", False)}


def _message(message: ChatMessage, malformed: set[str]) -> Message:
    text, thinking = _texts(message)
    if isinstance(message, ChatMessageTool):
        told = f"Error: {message.error.message}" if message.error else text
        if message.tool_call_id in malformed:
            return Message(role="user", content=told)
        return Message(role="tool", content=told, name=message.function or "", tool_call_id=message.tool_call_id or "")
    if isinstance(message, ChatMessageAssistant):
        calls = [call for call in message.tool_calls or () if not call.parse_error]
        read = tuple(ToolCall(name=call.function, arguments=call.arguments, id=call.id) for call in calls)
        return Message(role="assistant", content=text, thinking=thinking, tool_calls=read)
    return Message(role=message.role, content=text)


def _texts(message: ChatMessage) -> tuple[str, str]:
    """What a message says, and what it thought."""
    parts = [] if isinstance(message.content, str) else message.content
    if wrong := {part.type for part in parts if not isinstance(part, ContentText | ContentReasoning)}:
        raise ModelError(f"A {message.role} message holds {', '.join(sorted(wrong))}; the model reads text alone.")
    return message.text, "\n".join(part.reasoning for part in parts if isinstance(part, ContentReasoning))


def _chat(messages: Sequence[Message]) -> Iterator[ChatMessage]:
    number = 0
    waiting: dict[str, ToolCall] = {}  # calls without a result yet, by their new id
    for message in messages:
        if message.role == "tool":
            answered = [new for new, call in waiting.items() if call.id == message.tool_call_id] or list(waiting)
            name = waiting.pop(answered[0]).name if answered else message.name
            given: dict[str, Any] = {"tool_call_id": answered[0]} if answered else {}
            yield ChatMessageTool(content=message.content, function=name, **given)
        elif message.role == "assistant":
            calls = []
            for call in message.tool_calls:
                number += 1
                calls.append(InspectCall(id=f"call_{number}", function=call.name, arguments=call.arguments))
                waiting[calls[-1].id] = call
            thought = [ContentReasoning(reasoning=message.thinking)] if message.thinking else []
            content: Any = [*thought, ContentText(text=message.content)] if thought else message.content
            yield ChatMessageAssistant(content=content, tool_calls=calls or None)
        else:
            yield PLAIN[message.role](content=message.content)
