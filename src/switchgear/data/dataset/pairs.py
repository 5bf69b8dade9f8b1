"""The minimal form of training data, out: a prompt and its completion on each line, for trainers that know no more.

{"id": "...", "role": "harmful", "user_prompt": "...", "harmful_completion": "...", "text": null, "source": "...",
 "category": "..."}

Benign examples and refusals have `benign_completion` in the place of `harmful_completion`; `role` tells them apart. The
source `chat` reads the form back. `text` is null: only a model's template can write it, and only its tokenizer a mask.

Where the context is more than one user message, it is written out: `[role]` on a line above each message, the tools as
JSON lines below `[tools]`. Calls follow the assistant's text as `<tool_call>{"name": .., "arguments": ..}</tool_call>`.
A continuation of several messages gives a line for each, with what stands before it as the prompt.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from switchgear.runs import replacing
from switchgear.schema import Example, Message, Role

COMPLETION = {
    Role.HARMFUL: "harmful_completion",
    Role.BENIGN: "benign_completion",
    Role.REFUSAL: "benign_completion",
}


def write_pairs(examples: Iterable[Example], path: Path) -> int:
    """Write the pairs of all examples but cases, which have no completion. Returns how many lines there are.

    Raises:
        RunError: the file cannot be written; what was there is untouched.
    """
    count = 0
    with replacing(path) as file:
        for pair in (pair for example in examples for pair in pairs(example)):
            file.write(json.dumps(pair, ensure_ascii=False) + "\n")
            count += 1
    return count


def pairs(example: Example) -> Iterator[dict[str, Any]]:
    """One pair for each message of the continuation."""
    for index in example.continuation:
        several = len(example.continuation) > 1
        yield {
            "id": f"{example.id}#{index}" if several else example.id,
            "role": example.role.value,
            "user_prompt": _context(example, index),
            COMPLETION[example.role]: _written(example.messages[index]),
            "text": None,
            "source": example.provenance.dataset,
            "category": example.category,
        }


def _context(example: Example, end: int) -> str:
    messages = example.messages[:end]
    if [message.role for message in messages] == ["user"] and not example.tools:
        return messages[0].content
    tools = [tool.model_dump_json() for tool in example.tools]
    parts = ["\n".join(["[tools]", *tools])] if tools else []
    return "\n\n".join([*parts, *(f"[{message.role}]\n{_written(message)}" for message in messages)])


def _written(message: Message) -> str:
    calls = (
        json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False) for call in message.tool_calls
    )
    return "\n".join(filter(None, [message.content, *(f"<tool_call>{call}</tool_call>" for call in calls)]))
