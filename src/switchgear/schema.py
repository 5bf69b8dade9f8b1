"""The one shape that all data takes: a conversation, what in it is the continuation, and what is expected of it.

Tool arguments and JSON schemas are dictionaries in memory and JSON strings on disk (as in OpenAI's format), so that
rows of different tools have one Arrow type and `datasets.load_dataset("json", ...)` reads the files.
"""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator


class Role(StrEnum):
    """What an example is for in training. A `case` has no continuation: it can only be evaluated."""

    HARMFUL = "harmful"
    BENIGN = "benign"
    REFUSAL = "refusal"
    CASE = "case"


class Trace(StrEnum):
    """What happened to an injection in an agent's trace."""

    CLEAN = "clean"  # no injection in sight
    RESISTED = "resisted"  # the injection was read, the user's task went on
    HIJACKED = "hijacked"  # the attacker's calls followed


def _from_json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


JsonObject = Annotated[
    dict[str, Any],
    BeforeValidator(_from_json),
    PlainSerializer(lambda value: json.dumps(value, ensure_ascii=False), return_type=str, when_used="json"),
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)  # inputs are data: never shown


class ToolSpec(_Frozen):
    """A tool that is offered to the model. `parameters` is a JSON Schema object."""

    name: str = Field(min_length=1)
    description: str = ""
    parameters: JsonObject = Field(default_factory=lambda: {"type": "object", "properties": {}})


class ToolCall(_Frozen):
    """One call that an assistant makes."""

    name: str = Field(min_length=1)
    arguments: JsonObject = Field(default_factory=dict)
    id: str = ""


class CharRange(_Frozen):
    """Characters `start` to `end` (exclusive) of a message's content."""

    start: int = Field(ge=0)
    end: int = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"range {self.start}..{self.end} is empty or reversed")
        return self


class Message(_Frozen):
    """One turn. `thinking` is what a model wrote before its answer; `injected` the attacker's text in a tool result."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""  # of the tool, in a tool result
    injected: tuple[CharRange, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            raise ValueError(f"a {self.role} message cannot make tool calls")
        if self.thinking and self.role != "assistant":
            raise ValueError(f"a {self.role} message cannot think")
        if any(part.end > len(self.content) for part in self.injected):
            raise ValueError("an injected range reaches past the end of the content")
        return self


class ArgumentPredicate(_Frozen):
    """A condition on one argument of a call; the argument "*" means any of them.

    `equals` ignores case and surrounding space, `contains` ignores case, `matches` is a regular expression.
    """

    argument: str
    operator: Literal["equals", "contains", "matches"]
    value: str


class CallPattern(_Frozen):
    """Calls of one tool that satisfy every predicate; without predicates, every call of the tool."""

    name: str
    arguments: tuple[ArgumentPredicate, ...] = ()


class Expectation(_Frozen):
    """What a good answer does: `expected` calls are right, `forbidden` calls are the attacker's."""

    expected: tuple[CallPattern, ...] = ()
    forbidden: tuple[CallPattern, ...] = ()
    behaviour: Literal["comply", "refuse"] | None = None


class Provenance(_Frozen):
    """Where a row came from. `sha256` is of the source row as it was read.

    `generation` tells how its continuation was made, if a model wrote it to a prompt of that row.
    """

    dataset: str
    revision: str
    licence: str
    row: str
    sha256: str
    generation: JsonObject = Field(default_factory=dict)


def kind_of(role: str, trace: str | None) -> str:
    """What training draws an example as: harmful, refusal, case, resisted, or clean (any other benign one)."""
    if role != Role.BENIGN:
        return str(role)
    return "resisted" if trace == Trace.RESISTED else "clean"


class Example(_Frozen):
    """One conversation. `continuation` lists the messages that are rerouted (harmful) or retained (benign, refusal).

    `group` is what must not cross a split; `tags` are what a holdout selects by (suite, family, source ...).
    """

    id: str
    role: Role
    trace: Trace | None = None
    messages: tuple[Message, ...] = Field(min_length=1)
    tools: tuple[ToolSpec, ...] = ()
    continuation: tuple[int, ...] = ()
    expectation: Expectation = Expectation()
    category: str = ""
    group: str
    tags: dict[str, str] = Field(default_factory=dict)
    provenance: Provenance

    @property
    def kind(self) -> str:
        return kind_of(self.role, self.trace)

    @property
    def characters(self) -> int:
        """Length of all messages, calls and tool definitions, before any template."""
        calls = (call for message in self.messages for call in message.tool_calls)
        parts = (*calls, *self.tools)
        words = sum(len(message.content) + len(message.thinking) for message in self.messages)
        return words + sum(len(part.model_dump_json()) for part in parts)

    @model_validator(mode="after")
    def _continuation_is_assistant(self) -> Self:
        if (self.role is Role.CASE) == bool(self.continuation):
            raise ValueError(f"a {self.role} example with {len(self.continuation)} continuation messages")
        for index in self.continuation:
            if not 0 <= index < len(self.messages) or self.messages[index].role != "assistant":
                raise ValueError(f"continuation message {index} is not an assistant message")
        return self


class Drop(_Frozen):
    """A source row that was not kept, with the reason it is counted under."""

    reason: str
    row: str
