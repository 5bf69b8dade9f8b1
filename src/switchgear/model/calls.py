"""The tool calls in generated text, in the format of the template that the model was asked with.

A model with tripped breakers writes broken calls. They are attempts, not silence: each is counted in `attempted`, has
its reason in `errors`, and its text stays in `ParsedTurn.text`. Nothing here raises on what a model wrote.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

from switchgear.model.control_tokens import pattern
from switchgear.model.tool_format import HERMES, CallSyntax, ToolFormat, generation_prefix, tool_format
from switchgear.schema import ToolCall, ToolSpec

LLAMA = CallSyntax("", "", "parameters")
SYNTAXES = (HERMES, CallSyntax("[TOOL_CALLS]", ""), LLAMA)
BARE = r'<\|python_tag\|>|(?=\{\s*"name"\s*:)'  # how a call without a marker of its own starts

UNREAD: Any = (None, "not readable", False)
SPACE = re.compile(r"\s*")


@dataclass(frozen=True)
class ParsedTurn:
    """One generated turn.

    Attributes:
        text: what is not a readable call, without control tokens.
        calls: the calls that could be read.
        attempted: calls that were begun, readable or not.
        errors: why calls could not be read, or were not closed; the reasons never quote the text.
        native: at least one call was attempted, and all are exactly in the template's format (white space aside).
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    attempted: int = 0
    errors: tuple[str, ...] = ()
    native: bool = False


@dataclass(frozen=True)
class _Attempt:
    """A call that was begun in characters `start` to `end`."""

    start: int
    end: int
    call: ToolCall | None = None
    error: str = ""
    exact: bool = False


def parse_calls(text: str, tokenizer: Any, tools: tuple[ToolSpec, ...] = ()) -> ParsedTurn:
    """The calls in `text`, a turn decoded with its special tokens.

    `tokenizer` is a tokenizer with a chat template, or a `ToolFormat` of JSON calls. `tools` give the types of
    arguments in formats that write all values as text. Where the format's own calls are not found, calls in another
    known format count, but are not native.
    """
    form = tokenizer if isinstance(tokenizer, ToolFormat) else tool_format(tokenizer)
    own = list(_attempts(text, form.syntax)) if form.syntax else _by_response_template(text, form, tokenizer, tools)
    found = own
    for syntax in SYNTAXES:
        found = found or list(_attempts(text, syntax))
    removed = [0, *(edge for a in found if a.call for edge in (a.start, a.end)), len(text)]
    rest = "".join(text[start:end] for start, end in list(pairwise(removed))[::2])
    return ParsedTurn(
        pattern(form.control).sub("", rest).strip(),
        tuple(attempt.call for attempt in found if attempt.call),
        len(found),
        tuple(attempt.error for attempt in found if attempt.error),
        bool(own) and all(attempt.exact for attempt in own),
    )


def _attempts(text: str, syntax: CallSyntax) -> Iterator[_Attempt]:
    """Every call begun in `syntax`. After one that is not JSON, the search goes on behind its closing marker."""
    opening = re.compile(re.escape(syntax.start) or BARE)
    resume = re.compile(f"{re.escape(syntax.end)}|(?={re.escape(syntax.start)})" if syntax.end else r"\Z")
    cursor = 0
    while begun := opening.search(text, cursor):
        leading = not syntax.start and text[cursor : begun.start()].strip(" \n;") != ""
        start = _after_space(text, begun.end())
        try:
            value, cursor = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            found = resume.search(text, start)
            cursor = found.end() if found else len(text)
            yield _Attempt(begun.start(), cursor, error=f"not JSON ({getattr(error, 'msg', 'nested too deeply')})")
            continue
        closing = _after_space(text, cursor)
        closed = text.startswith(syntax.end, closing)
        cursor = closing + len(syntax.end) if closed else cursor
        for entry in value if isinstance(value, list) and value else [value]:
            call, wrong, exact = _read(entry, syntax)
            wrong = wrong or ("" if closed else "not closed")
            yield _Attempt(begun.start(), cursor, call, wrong, exact and closed and not leading)


def _read(entry: Any, syntax: CallSyntax) -> tuple[ToolCall | None, str, bool]:
    """The call in a JSON value, what is wrong with it, and whether it uses the keys of `syntax`."""
    if not isinstance(entry, dict):
        return None, f"a {type(entry).__name__} instead of an object", False
    name = entry.get(syntax.name_key, entry.get("name"))
    key = next((key for key in (syntax.arguments_key, "arguments", "parameters") if key in entry), "")
    if not isinstance(name, str) or not name:
        return None, "no name", False
    try:
        arguments = json.loads(entry[key]) if key and isinstance(entry[key], str) else entry.get(key)
        if not isinstance(arguments, dict):
            return None, "no arguments object", False
        json.dumps([name, arguments], ensure_ascii=False).encode()  # half a surrogate pair could not be written out
    except (ValueError, RecursionError):
        return None, "arguments that are not JSON text", False
    exact = syntax.name_key in entry and key == syntax.arguments_key and isinstance(entry[key], dict)
    return ToolCall(name=name, arguments=arguments), "", exact


def _by_response_template(text: str, form: ToolFormat, tokenizer: Any, tools: tuple[ToolSpec, ...]) -> list[_Attempt]:
    """Calls that are not JSON, read by `tokenizer.parse_response`; what it cannot read is an attempt at its marker."""
    starts = [match.start() for match in re.finditer(re.escape(form.marker.split("\n")[0]), text)]
    regions = list(pairwise([*starts, len(text)]))
    if not getattr(tokenizer, "response_template", None):
        why = "the tokenizer has no `response_template` to read this template's calls with"
        return [_Attempt(start, end, error=why) for start, end in regions]
    specs = [{"type": "function", "function": tool.model_dump(mode="python")} for tool in tools]
    try:
        message = tokenizer.parse_response(text, prefix=generation_prefix(tokenizer), tools=specs or None)
        read = [_read(call.get("function", call), HERMES) for call in message.get("tool_calls") or []]
    except Exception as error:  # it raises many kinds on malformed calls
        return [_Attempt(start, end, error=f"not readable ({type(error).__name__})") for start, end in regions]
    attempts = []
    for (start, end), (call, wrong, exact) in zip_longest(regions, read[: len(regions)], fillvalue=UNREAD):
        closing = text.rfind(form.closing, start, end)
        if closing < 0:  # a call that was cut would be read with the arguments it has so far
            call, wrong, exact = None, "not closed", False
        attempts.append(_Attempt(start, closing + len(form.closing) if closing >= 0 else end, call, wrong, exact))
    return attempts


def _after_space(text: str, place: int) -> int:
    space = SPACE.match(text, place)
    return space.end() if space else place
