"""What stood before the answers of the cases: every message once, with the attacker's text told apart."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from switchgear.report.text import visible
from switchgear.schema import Example, Message

LONGEST_PART = 8_000  # characters of one stretch of a message; the whole is in dataset/holdout.jsonl


def contexts(cases: Sequence[dict[str, Any]], examples: Iterable[Example]) -> dict[str, Any]:
    """`contexts` (example id -> indices into `messages`) and `messages`.

    No more of an example than its cases show: the rest may be the harmful continuation.
    """
    longest: dict[str, int] = {}
    for case in cases:
        longest[case["example"]] = max(case["message"], longest.get(case["example"], 0))
    messages: dict[str, int] = {}
    found = {
        name: [_index(message, messages) for message in example.messages[: longest[name]]]
        for example in examples
        if (name := visible(example.id)) in longest
    }
    return {"contexts": found, "messages": [json.loads(message) for message in messages]}


def call(name: object, arguments: object) -> str:
    """`order({"milk": 2})`"""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return visible(f"{name}({written})")


def _index(message: Message, messages: dict[str, int]) -> int:
    """The index of the message among those stored; it is stored if it is new."""
    shown = {
        "role": message.role,
        "name": visible(message.name),
        "parts": _parts(message),
        "calls": [call(each.name, each.arguments) for each in message.tool_calls],
    }
    return messages.setdefault(json.dumps(shown, ensure_ascii=False), len(messages))


def _parts(message: Message) -> list[tuple[str, bool]]:
    """The content in stretches, each with whether the attacker wrote it."""
    parts, at = [], 0
    for injected in sorted(message.injected, key=lambda part: part.start):
        parts += [
            (message.content[at : injected.start], False),
            (message.content[max(at, injected.start) : injected.end], True),
        ]
        at = max(at, injected.end)
    parts.append((message.content[at:], False))
    return [(visible(_shortened(text)), attacker) for text, attacker in parts if text]


def _shortened(text: str) -> str:
    left_out = len(text) - LONGEST_PART
    return text if left_out <= 0 else f"{text[:LONGEST_PART]} [… {left_out:,} more characters]"
