"""The one format for templates without tools: Hermes'. Everything is text in messages that any template takes.

Tools are listed as signatures in the system message, calls follow the assistant's text as
`<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, results are user messages of `<tool_response>` blocks.
"""

import json
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from switchgear.model.control_tokens import neutralise, neutralise_all
from switchgear.model.conversation import Mark, SpanName, Turn, joined, plain, tool_dicts
from switchgear.schema import Example, ToolCall

TOOLS = """You may call one or more of these tools to assist with the user query.
<tools>
{tools}
</tools>
For each call, write a JSON object with the tool's name and its arguments within <tool_call></tool_call> tags:
<tool_call>{{"name": <tool-name>, "arguments": <arguments-object>}}</tool_call>"""
OPENING = '<tool_call>{"name": "'


def turns(example: Example, tokenizer: Any) -> Iterator[Turn]:
    """Everything as text: tools in the system message, calls after the assistant's text, results as user messages."""
    written = [
        _text_calls(turn, message.tool_calls, tokenizer) if message.tool_calls else _wrapped(turn)
        for message, turn in ((m, plain(m, i, tokenizer)) for i, m in enumerate(example.messages))
    ]
    if example.tools:
        tools = "\n".join(_signature(tool["function"]) for tool in tool_dicts(example.tools, tokenizer))
        listing = Turn("system", 0, TOOLS.format(tools=tools))
        system = written.pop(0) if written[0].role == "system" else Turn("system", 0)
        written.insert(0, joined(system, listing, "\n\n"))
    last: Turn | None = None
    for turn in written:
        if last and turn.role == "user" == last.role and (turn.name or last.name):  # a tool's result has a name
            last = joined(last, turn, "\n")
            continue
        if last:
            yield last
        last = turn
    if last:
        yield last


def _signature(tool: dict[str, Any]) -> str:
    """`name(argument: type, other?: type): what it does`. A JSON Schema is three times as long, and small models, which
    write what they see, answer with schemas."""
    parameters = tool["parameters"]
    required = parameters.get("required") or ()
    arguments = ", ".join(
        f"{name}{'' if name in required else '?'}: {_type(schema)}"
        for name, schema in (parameters.get("properties") or {}).items()
    )
    return f"{tool['name']}({arguments}): {' '.join(tool['description'].split())}".removesuffix(": ")


def _type(schema: Any) -> str:
    """The type in a JSON Schema in a few words; what it does not say is "any"."""
    match schema:
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)
        case {"anyOf": list(parts)} | {"oneOf": list(parts)}:
            return " | ".join(map(_type, parts))
        case {"type": list(kinds)}:
            return " | ".join(map(str, kinds))
        case {"type": "array"}:
            return f"array of {_type(schema.get('items'))}"
        case {"type": str(kind)}:
            return kind
    return "any"


def _text_calls(turn: Turn, calls: tuple[ToolCall, ...], tokenizer: Any) -> Turn:
    """`turn` with its calls appended to the content."""
    for source in calls:
        name = json.dumps(neutralise(source.name, tokenizer), ensure_ascii=False)[1:-1]
        arguments = json.dumps(neutralise_all(source.arguments, tokenizer), ensure_ascii=False)
        parts = (OPENING, name, '", "arguments": ', arguments, "}</tool_call>")
        edges = list(accumulate(map(len, parts), initial=0))
        marks = tuple(
            Mark(kind, turn.message, edges[first], edges[last])
            for kind, first, last in (
                (SpanName.TOOL_CALL, 0, 5),
                (SpanName.TOOL_NAME, 1, 2),
                (SpanName.TOOL_ARGUMENTS, 3, 4),
            )
        )
        turn = joined(turn, Turn("assistant", turn.message, "".join(parts), marks), "\n")
    return turn


def _wrapped(turn: Turn) -> Turn:
    """A tool result as a user message; any other turn as it is."""
    if turn.role != "tool":
        return turn
    opening = Turn("user", turn.message, "<tool_response>\n", name="tool")
    closing = Turn("user", turn.message, "\n</tool_response>")
    return joined(joined(opening, turn, ""), closing, "")
