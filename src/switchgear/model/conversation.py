"""Messages in the form that a template is given, and the pieces of them that must be found again in what it writes."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from switchgear.model.control_tokens import breaks, neutralise, neutralise_all
from switchgear.schema import Message, ToolSpec


class SpanName(StrEnum):
    TURN = "turn"  # all that an assistant generates: from after the generation prompt through the end-of-turn token
    THINKING = "thinking"  # what an assistant message thinks before it answers, without its markers
    TEXT = "text"  # the content of an assistant message
    TOOL_CALL = "tool_call"  # one call with its markers
    TOOL_NAME = "tool_name"
    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULT = "tool_result"  # the content of a tool message
    INJECTED = "injected"  # the attacker's text inside a tool result


@dataclass(frozen=True)
class Mark:
    """Characters `start` to `end` of a turn's content are `name` of source message `message`.

    Without a name it is no span, but its place tells where the turn ends and the next begins.
    """

    name: SpanName | None
    message: int
    start: int
    end: int


@dataclass(frozen=True)
class Call:
    """A call that the template writes itself."""

    name: str
    arguments: dict[str, Any]
    id: str


@dataclass(frozen=True)
class Turn:
    """One message as the template is given it; `message` is the (first) source message it comes from."""

    role: str
    message: int
    content: str = ""
    marks: tuple[Mark, ...] = ()
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    name: str = ""
    thinking: str = ""


def plain(message: Message, index: int, tokenizer: Any) -> Turn:
    """A message without its calls."""
    content = neutralise(message.content, tokenizer)
    named = {"assistant": SpanName.TEXT, "tool": SpanName.TOOL_RESULT}.get(message.role)
    marks = [Mark(named, index, 0, len(content))] if content else []
    places = breaks(message.content, tokenizer)
    for part in message.injected:
        start, end = (at + sum(place <= at for place in places) for at in (part.start, part.end))
        marks.append(Mark(SpanName.INJECTED, index, start, end))
    thinking = neutralise(message.thinking, tokenizer).strip()  # templates differ in what white space they keep
    return Turn(message.role, index, content, tuple(marks), thinking=thinking)


def joined(left: Turn, right: Turn, separator: str) -> Turn:
    """`right` appended to `left`, which gives the role; an empty `left` needs no separator."""
    lead = left.content + separator if left.content else ""
    moved = tuple(replace(m, start=m.start + len(lead), end=m.end + len(lead)) for m in right.marks)
    return replace(left, content=lead + right.content, marks=left.marks + moved)


def tool_dicts(specs: tuple[ToolSpec, ...], tokenizer: Any) -> list[dict[str, Any]]:
    """Tools as `apply_chat_template` takes them."""
    return [
        {"type": "function", "function": neutralise_all(spec.model_dump(mode="python"), tokenizer)} for spec in specs
    ]
