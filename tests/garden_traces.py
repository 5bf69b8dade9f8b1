"""The garden's traces as somebody would export them: in OpenAI's form, one JSON object on each line."""

import json
from pathlib import Path
from typing import Any

from switchgear.schema import Example, Message, Trace
from tests.garden import BEDS, NOTE, TOOLS, example


def write_traces(folder: Path, beds: tuple[str, ...] = BEDS, held_out: tuple[str, ...] = BEDS[4:]) -> Path:
    """`traces.jsonl` in a folder: three twins of each bed, those of `held_out` beds tagged so."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row(example(trace, bed), {"set": "held_out"} if bed in held_out else {}) for bed in beds for trace in Trace]
    (folder / "traces.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def row(source: Example, tags: dict[str, str]) -> dict[str, Any]:
    """A row of the source `agent_traces`."""
    tools = [{"name": tool.name, "description": f"To {tool.name}.", "parameters": tool.parameters} for tool in TOOLS]
    return {
        "trace": source.trace,
        "messages": [_message(message, number) for number, message in enumerate(source.messages)],
        "tools": [{"type": "function", "function": tool} for tool in tools],
        "injected": "" if source.trace is Trace.CLEAN else NOTE,
        "forbidden": [] if source.trace is Trace.CLEAN else [{"name": "ring_bell"}],
        "group": source.group,
        "category": "unauthorised_action" if source.trace is Trace.HIJACKED else "",
        "tags": tags,
    }


def _message(message: Message, number: int) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": f"c{number - 1}", "content": message.content}
    calls = [
        {"id": f"c{number}", "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
        for c in message.tool_calls
    ]
    return {"role": message.role, "content": message.content, **({"tool_calls": calls} if calls else {})}
