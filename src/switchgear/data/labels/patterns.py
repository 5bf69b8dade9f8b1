"""Patterns of tool calls: made of a call, and satisfied by one or not."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from switchgear.schema import ArgumentPredicate, CallPattern, Message, ToolCall


def matches(call: ToolCall, pattern: CallPattern) -> bool:
    """Whether `call` is of the pattern's tool and satisfies all of its predicates."""
    return call.name == pattern.name and all(_holds(call, predicate) for predicate in pattern.arguments)


def any_matches(calls: Iterable[ToolCall], patterns: Iterable[CallPattern]) -> bool:
    """Whether one of the calls satisfies one of the patterns."""
    wanted = tuple(patterns)
    return any(matches(call, pattern) for call in calls for pattern in wanted)


def exact_pattern(
    name: str, arguments: Mapping[str, object], told: Callable[[str], bool] = lambda text: True
) -> CallPattern:
    """The pattern of a call with these arguments: `equals` for each of their texts that is `told`; the rest is free."""
    return CallPattern(
        name=name,
        arguments=tuple(
            ArgumentPredicate(argument=argument, operator="equals", value=text)
            for argument, value in arguments.items()
            for text in texts(value)
            if told(text)
        ),
    )


def own_pattern(call: ToolCall, context: str) -> CallPattern:
    """The pattern of a call of the user's task: `equals` for each argument that can be copied from `context`, the text
    before the call. What cannot be copied (a summary, a computed sum) is left free."""
    return exact_pattern(call.name, call.arguments, lambda text: stands_in(text, context))


def own_patterns(messages: Sequence[Message], at: Iterable[int]) -> tuple[CallPattern, ...]:
    """The patterns of all calls in the messages `at` these places, each by the messages before it."""
    contents = [message.content for message in messages]
    return tuple(own_pattern(call, "\n".join(contents[:index])) for index in at for call in messages[index].tool_calls)


def stands_in(text: str, context: str) -> bool:
    """Whether `text` occurs in `context` whole, not as part of a longer word or number."""
    text = text.strip()
    return bool(text) and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", context) is not None


def texts(value: object) -> list[str]:
    """The texts that an argument is compared as: a list as each of its elements, 5.0 as "5", other values as JSON."""
    if isinstance(value, list):
        return [text for element in value for text in texts(element)]
    if isinstance(value, str):
        return [value]
    if isinstance(value, float) and value.is_integer():
        return [str(int(value))]
    return [json.dumps(value, ensure_ascii=False, sort_keys=True)]


def _holds(call: ToolCall, predicate: ArgumentPredicate) -> bool:
    if predicate.argument == "*":
        values = texts(list(call.arguments.values()))
    else:
        values = texts(call.arguments[predicate.argument]) if predicate.argument in call.arguments else []
    return any(_satisfies(value, predicate) for value in values)


def _satisfies(text: str, predicate: ArgumentPredicate) -> bool:
    match predicate.operator:
        case "equals":
            return text.strip().casefold() == predicate.value.strip().casefold()
        case "contains":
            return predicate.value.casefold() in text.casefold()
        case "matches":
            return re.search(predicate.value, text) is not None
