"""Conversations and tools in the form of OpenAI's chat API, as most public data has them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError

from switchgear.schema import JsonObject, Message, ToolCall, ToolSpec

_ROLES = {"developer": "system", "function": "tool"}


def _nested(value: Any) -> Any:
    """A call or tool that is written flat, `{"name": ..}`, as `{"function": {"name": ..}}`."""
    return {**value, "function": value} if isinstance(value, dict) and "name" in value else value


def _joined(value: Any) -> Any:
    """Content that is a list of parts, as one text. Parts that are no text (images) do not pass."""
    if isinstance(value, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in value):
        return "\n".join(str(part.get("text", "")) for part in value)
    return "" if value is None else value


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


class _Function(BaseModel):
    name: str
    arguments: Annotated[JsonObject, BeforeValidator(lambda value: value or {})] = {}


class _Call(BaseModel):
    function: _Function
    id: str | None = None


class _Turn(BaseModel):
    role: Annotated[
        Literal["system", "user", "assistant", "tool"], BeforeValidator(lambda value: _ROLES.get(str(value), value))
    ]
    content: Annotated[str, BeforeValidator(_joined)] = ""
    tool_calls: list[Annotated[_Call, BeforeValidator(_nested)]] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class _Schema(BaseModel):
    name: str
    description: str | None = None
    parameters: JsonObject | None = None


class _Tool(BaseModel):
    function: _Schema


_TURNS = TypeAdapter(list[_Turn])
_TOOLS = TypeAdapter(Annotated[list[Annotated[_Tool, BeforeValidator(_nested)]], BeforeValidator(_parsed)])


def conversation(messages: object) -> tuple[Message, ...]:
    """Messages in our form. A call's arguments may be a dictionary or JSON, content null, a text or a list of parts.

    A result that does not say which tool it is of takes the name of its call.

    Raises:
        ValidationError: not a list of messages; `wrong_fields` says where, without the text.
    """
    turns = _TURNS.validate_python(messages)
    names = {call.id: call.function.name for turn in turns for call in turn.tool_calls or () if call.id}
    return tuple(_message(turn, names) for turn in turns)


def tools(given: object) -> tuple[ToolSpec, ...]:
    """Tools in our form, from a list or from JSON of one. Raises `ValidationError`, as `conversation`."""
    return tuple(
        ToolSpec(
            name=tool.function.name,
            description=tool.function.description or "",
            **({"parameters": tool.function.parameters} if tool.function.parameters else {}),
        )
        for tool in _TOOLS.validate_python(given)
    )


def wrong_fields(error: ValidationError) -> str:
    """The fields that are wrong, without the values: `role, tool_calls.function.arguments`."""
    named = {".".join(part for part in issue["loc"] if isinstance(part, str)) for issue in error.errors()}
    return ", ".join(sorted(filter(None, named))) or "its type"


def replies(messages: Sequence[Message]) -> tuple[int, ...]:
    """Where the assistant speaks."""
    return tuple(index for index, message in enumerate(messages) if message.role == "assistant")


def _message(turn: _Turn, names: dict[str, str]) -> Message:
    calls = tuple(
        ToolCall(name=call.function.name, arguments=call.function.arguments, id=call.id or "")
        for call in turn.tool_calls or ()
    )
    is_result = turn.role == "tool"
    return Message(
        role=turn.role,
        content=turn.content,
        tool_calls=calls,
        tool_call_id=(turn.tool_call_id or "") if is_result else "",
        name=(turn.name or names.get(turn.tool_call_id or "", "")) if is_result else "",
    )
