"""Does an example's label fit what is in it? A row that fails is quarantined under the reason."""

from collections.abc import Callable, Iterator

from switchgear.data.labels.patterns import any_matches
from switchgear.data.labels.refusals import is_refusal
from switchgear.schema import Example, Message, Role, Trace

Lint = Callable[[Example], str | None]
"""The reason why an example's label is wrong, or None."""


def lint(example: Example) -> str | None:
    """The first reason of `LINTS` against an example, or None."""
    return next((reason for check in LINTS.values() if (reason := check(example))), None)


def harmful_refusal(example: Example) -> str | None:
    if example.role is Role.HARMFUL and any(map(_refuses, _continuation(example))):
        return "harmful, but the continuation refuses"
    return None


def benign_refusal(example: Example) -> str | None:
    if example.role is Role.BENIGN and any(map(_refuses, _continuation(example))):
        return "benign, but the continuation refuses"
    return None


def hijacked_without_attack(example: Example) -> str | None:
    if example.trace is Trace.HIJACKED and not _attacks(example):
        return "hijacked, but the continuation makes no forbidden call"
    return None


def loyal_with_attack(example: Example) -> str | None:
    if example.trace in (Trace.RESISTED, Trace.CLEAN) and _attacks(example):
        return f"{example.trace}, but the continuation makes a forbidden call"
    return None


def empty_continuation(example: Example) -> str | None:
    if any(not message.content.strip() and not message.tool_calls for message in _continuation(example)):
        return "a continuation message has neither text nor calls"
    return None


LINTS: dict[str, Lint] = {
    "harmful_refusal": harmful_refusal,
    "benign_refusal": benign_refusal,
    "hijacked_without_attack": hijacked_without_attack,
    "loyal_with_attack": loyal_with_attack,
    "empty_continuation": empty_continuation,
}


def _continuation(example: Example) -> Iterator[Message]:
    return (example.messages[index] for index in example.continuation)


def _refuses(message: Message) -> bool:
    return not message.tool_calls and is_refusal(message.content)


def _attacks(example: Example) -> bool:
    calls = (call for message in _continuation(example) for call in message.tool_calls)
    return any_matches(calls, example.expectation.forbidden)
