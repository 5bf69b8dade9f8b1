"""Answers that list, for each argument of a call, the values that are accepted; "" is for one that may be left out."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from switchgear.data.labels.patterns import texts
from switchgear.schema import ArgumentPredicate, CallPattern, ToolCall

LEFT_OUT = ""


def first_call(name: str, arguments: dict[str, list[Any]], required: Sequence[str], identifier: str) -> ToolCall:
    """The call with the first accepted value of each argument. One that is `required` is never left out."""
    chosen = {}
    for argument, values in arguments.items():
        choices = accepted(values)
        if argument in required:
            choices = [choice for choice in choices if choice != LEFT_OUT] or choices
        chosen[argument] = choices[0] if choices else LEFT_OUT
    given = {argument: value for argument, value in chosen.items() if argument in required or value != LEFT_OUT}
    return ToolCall(name=name, arguments=given, id=identifier)


def pattern(name: str, arguments: dict[str, list[Any]]) -> CallPattern:
    """A pattern that every accepted call satisfies. An argument that may be left out has no predicate."""
    return CallPattern(
        name=name,
        arguments=tuple(
            predicate
            for argument, values in arguments.items()
            if LEFT_OUT not in values
            for predicate in _predicates(argument, [texts(value) for value in accepted(values)])
        ),
    )


def accepted(values: Sequence[Any]) -> list[Any]:
    """The values that an argument may take, from the list in the answer. In an object, each field has such a list."""
    return [choice for value in values for choice in _choices(value)]


def _choices(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for choice in product(*(accepted(field if isinstance(field, list) else [field]) for field in value.values())):
            yield {name: field for name, field in zip(value, choice, strict=True) if field != LEFT_OUT}
    elif isinstance(value, list):
        yield from map(list, product(*(list(_choices(element)) for element in value)))
    else:
        yield value


def _predicates(argument: str, forms: list[list[str]]) -> Iterator[ArgumentPredicate]:
    """What all `forms` of a value share; if they share nothing, that one of their texts is there."""
    shared = [text for text in dict.fromkeys(forms[0]) if all(text in form for form in forms)] if forms else []
    for text in shared:
        yield ArgumentPredicate(argument=argument, operator="equals", value=text)
    if not shared and all(forms):
        alternatives = "|".join(re.escape(text) for text in dict.fromkeys(text for form in forms for text in form))
        yield ArgumentPredicate(argument=argument, operator="matches", value=rf"(?i)\A\s*(?:{alternatives})\s*\Z")
