"""One record of an AgentDojo run, of an export or of a native file, as a conversation of ours."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, model_validator

from switchgear.schema import JsonObject, Message, ToolCall

DEFENCES = ("tool_filter", "repeat_user_prompt", "spotlighting_with_delimiting", "transformers_pi_detector")
"""AgentDojo's defences; a pipeline with one is named `model-defence`."""


def _nested(call: Any) -> Any:
    """A native call is flat: `{function: name, args, id, placeholder_args}`."""
    if isinstance(call, dict) and isinstance(call.get("function"), str):
        return {"function": {"name": call["function"], "arguments": call.get("args")}, "id": call.get("id")}
    return call


def _joined(content: Any) -> Any:
    """Native content is a list of blocks, `{type: text, content: ...}`; a model's reasoning is left out."""
    if isinstance(content, list) and all(isinstance(block, dict) for block in content):
        return "".join(block.get("content") or "" for block in content if block.get("type") == "text")
    return content


class Function(BaseModel):
    name: str
    arguments: JsonObject


class Call(BaseModel):
    function: Function
    id: str | None = None


class CallOfResult(BaseModel):
    function: str
    id: str | None = None


class Turn(BaseModel):
    role: Literal["system", "user", "assistant", "tool"]
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    tool_calls: list[Annotated[Call, BeforeValidator(_nested)]] | None = None
    tool_call_id: str | None = None
    tool_call: CallOfResult | None = None
    error: str | None = None


class Metadata(BaseModel):
    suite_name: str
    model: str = Field(validation_alias=AliasChoices("model", "pipeline_name"))
    success: bool = Field(validation_alias=AliasChoices("success", "utility"))
    security: bool
    user_task_id: str = Field(pattern=r"^user_task_[0-9]{1,4}$")
    injection_task_id: str | None = Field(None, pattern=r"^injection_task_[0-9]{1,4}$")
    attack_type: str | None = None
    injections: dict[str, str] = Field(default_factory=dict)
    """The attack's text by injection vector. Only native files have it."""
    error: str | None = None
    """What stopped the run. Only native files say."""


class Record(BaseModel):
    """A run of one model on one task, with or without an injection."""

    messages: list[Turn]
    metadata: Metadata

    @model_validator(mode="before")
    @classmethod
    def _of_native(cls, value: Any) -> Any:
        """A native file has the metadata beside the messages."""
        if isinstance(value, dict) and "pipeline_name" in value:
            return {"messages": value.get("messages"), "metadata": value}
        return value

    @property
    def defence(self) -> str:
        return next((name for name in DEFENCES if self.metadata.model.endswith(name)), "")


def tool_names(record: Record) -> tuple[str, ...] | None:
    """What the tool filter let through, or None if the model was offered all tools."""
    if not _is_filtered(record.messages):
        return None
    return tuple(re.findall(r"[\w.-]+", record.messages[3].content or ""))


def conversation(record: Record) -> tuple[Message, ...]:
    """The record's messages in our form.

    The tool filter's exchange (a second user turn and its answer) is left out, as is an assistant turn with neither
    text nor calls. Calls are numbered afresh, since some models leave all ids empty; a result goes to the call of its
    id, or else to the first of the last turn's calls that has none yet.
    """
    turns = record.messages
    if _is_filtered(turns):
        turns = [*turns[:2], *turns[4:]]
    return tuple(_messages(turns))


def _is_filtered(turns: list[Turn]) -> bool:
    return [turn.role for turn in turns[:4]] == ["system", "user", "user", "assistant"] and not turns[3].tool_calls


def _messages(turns: list[Turn]) -> Iterator[Message]:
    made = 0
    waiting: list[tuple[str, str, str]] = []  # calls without a result: our id, the record's id, the tool
    for turn in turns:
        if turn.role == "tool":
            yield _result(turn, waiting)
        elif turn.role != "assistant":
            yield Message(role=turn.role, content=turn.content or "")
        elif turn.content or turn.tool_calls:
            calls = tuple(
                ToolCall(name=call.function.name, arguments=call.function.arguments, id=f"call_{made + number}")
                for number, call in enumerate(turn.tool_calls or ())
            )
            made += len(calls)
            waiting = [
                (ours.id, theirs.id or "", ours.name) for ours, theirs in zip(calls, turn.tool_calls or (), strict=True)
            ]
            yield Message(role="assistant", content=turn.content or "", tool_calls=calls)


def _result(turn: Turn, waiting: list[tuple[str, str, str]]) -> Message:
    given = turn.tool_call_id or (turn.tool_call.id if turn.tool_call else None)
    name = turn.tool_call.function if turn.tool_call else ""
    by_id = (entry for entry in waiting if given and entry[1] == given)
    in_order = (entry for entry in waiting if not name or entry[2] == name)
    call = next(by_id, None) or next(in_order, None)
    if call:
        waiting.remove(call)
    return Message(
        role="tool",
        content=turn.content or turn.error or "",
        name=name or (call[2] if call else ""),
        tool_call_id=call[0] if call else "",
    )
