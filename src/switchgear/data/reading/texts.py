"""What the sources of texts share: an example of a row, from a prompt and its answer or from a whole conversation."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from switchgear.data.reading.openai import conversation, replies, tools, wrong_fields
from switchgear.data.reading.tables import Row
from switchgear.schema import Drop, Example, Expectation, Message, Provenance, Role

COMPLY, REFUSE = Expectation(behaviour="comply"), Expectation(behaviour="refuse")


class Origin(NamedTuple):
    """The dataset that a source reads. Of a benchmark's prompts, `benchmark` says so: training on them burns it."""

    name: str
    licence: str
    benchmark: str = ""


def question(prompt: str) -> tuple[Message, ...]:
    return (Message(role="user", content=prompt),)


def exchange(prompt: str, answer: str) -> tuple[Message, ...]:
    return (*question(prompt), Message(role="assistant", content=answer))


def example(
    origin: Origin,
    row: Row,
    role: Role,
    messages: Sequence[Message],
    *,
    twin: str = "",
    tags: dict[str, str] | None = None,
    **fields: Any,
) -> Example:
    """An example of a row. Its continuation is all that the assistant says; a case has none.

    Twins are told apart by `twin` in their ids. `fields` are those of an `Example`; the group is the row by default.
    """
    name = f"{origin.name}/{row.place}"
    defaults: dict[str, Any] = {
        "id": f"{name}/{twin}" if twin else name,
        "role": role,
        "messages": tuple(messages),
        "continuation": () if role is Role.CASE else replies(messages),
        "group": name,
        "tags": _filled({"source": origin.name, "benchmark": origin.benchmark} | (tags or {})),
        "provenance": Provenance(
            dataset=origin.name, revision=row.revision, licence=origin.licence, row=row.place, sha256=row.sha256
        ),
    }
    return Example(**(defaults | fields))


def chat(origin: Origin, row: Row, role: Role = Role.BENIGN, **fields: Any) -> Example | Drop:
    """An example of a row with `messages`, and `tools` where there are any; a drop if it has no assistant's message."""
    try:
        messages = conversation(row.value.get("messages"))
        offered = tools(row.value.get("tools") or [])
    except ValidationError as error:
        return Drop(reason=f"not a conversation (wrong: {wrong_fields(error)})", row=row.place)
    if role is Role.CASE:
        return _case(origin, row, messages, tools=offered, **fields)
    if not replies(messages):
        return Drop(reason="no completion: the assistant says nothing", row=row.place)
    return example(origin, row, role, messages, tools=offered, **fields)


def digest(text: str) -> str:
    """A short name for a text: the same however it is spaced, and in whatever case."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()[:12]


def _case(origin: Origin, row: Row, messages: Sequence[Message], **fields: Any) -> Example | Drop:
    """A conversation up to the last message that is not the assistant's: what comes next is asked of the model."""
    last = max((index for index, message in enumerate(messages) if message.role != "assistant"), default=-1)
    if last < 0:
        return Drop(reason="no prompt: nobody but the assistant speaks", row=row.place)
    return example(origin, row, Role.CASE, messages[: last + 1], **fields)


def _filled(tags: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if value}
