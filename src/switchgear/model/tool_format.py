"""How a chat template writes tool calls, found by rendering small probes: never by the model's name.

A template that cannot list tools, show a call and show a result gets the fallback format (see `fallback`).
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from switchgear.errors import TemplateError
from switchgear.model.control_tokens import control_tokens, pattern, special_tokens
from switchgear.model.fallback import OPENING
from switchgear.model.template import Chat, apply, call_message, common_prefix, common_suffix

NAME, KEY, VALUE, SAID, RESULT = "probe_tool", "probe_key", "probe_value", "probe_said", "probe_result"
USER = {"role": "user", "content": "probe_user"}
TOOL = {
    "type": "function",
    "function": {"name": NAME, "description": "", "parameters": {"type": "object", "properties": {}}},
}


@dataclass(frozen=True)
class CallSyntax:
    """A call that is a JSON object (or a list of them) between two markers; either marker may be empty."""

    start: str
    end: str
    arguments_key: str = "arguments"
    name_key: str = "name"


HERMES = CallSyntax("<tool_call>", "</tool_call>")


@dataclass(frozen=True)
class ToolFormat:
    """How a template writes calls.

    Attributes:
        native: the template itself has tools; else the fallback format is used.
        opening: what stands between a generation prompt and the name of a call, for a turn without text.
        marker: the part of `opening` that belongs to the call; the same after text.
        closing: the last line of what follows a call's last value.
        syntax: None where calls are not JSON objects; then only `tokenizer.parse_response` can read them.
        arguments_as_text: the template wants the arguments as a JSON string.
        parallel, text_and_calls, system: whether the template takes several calls in one message, text beside a call,
            a system message.
        control: strings that are not text, removed from what `parse_calls` returns as text.
    """

    native: bool = False
    opening: str = OPENING
    marker: str = OPENING
    closing: str = "}</tool_call>"
    syntax: CallSyntax | None = HERMES
    arguments_as_text: bool = False
    parallel: bool = True
    text_and_calls: bool = True
    system: bool = True
    control: tuple[str, ...] = ()


def tool_format(tokenizer: Any) -> ToolFormat:
    """The tool format of a tokenizer's template; derived once per template."""
    return _tool_format(tokenizer, str(tokenizer.chat_template))


def call_opening(tokenizer: Any) -> str:
    """What a turn that is one call starts with, up to the name's first character: the prefill that forces a call."""
    return tool_format(tokenizer).opening


def generation_prefix(tokenizer: Any) -> str:
    """A rendering that ends with the template's generation prompt, which may open a block that a turn then closes."""
    return apply(tokenizer, [USER], prompt=True)


@lru_cache(maxsize=32)
def _tool_format(tokenizer: Any, template: str) -> ToolFormat:
    fallback = ToolFormat(
        system=_shows(tokenizer, [{"role": "system", "content": SAID}, USER], SAID), control=control_tokens(tokenizer)
    )
    arguments = _arguments(tokenizer)
    if arguments is None:
        return fallback
    call, other = (NAME, arguments, "call00001"), ("other_tool", arguments, "call00002")
    beside = [USER, call_message([call], SAID), _result(1), {"role": "assistant", "content": "done"}, USER]
    text_and_calls = _shows(tokenizer, beside, NAME, SAID, KEY)
    opening, written = _turn(tokenizer, call)
    number = json.dumps({KEY: 7}) if isinstance(arguments, str) else {KEY: 7}
    numbered = _turn(tokenizer, (NAME, number, "call00001"))[1]
    marker = opening
    if text_and_calls:
        said = apply(tokenizer, [USER, call_message([call], SAID)], [TOOL])
        marker = common_suffix(said.rpartition(NAME)[0], opening)
    return replace(
        fallback,
        native=True,
        opening=opening,
        marker=marker.lstrip(),
        closing=common_suffix(written, numbered).rpartition("\n")[2],
        syntax=_syntax(marker.lstrip() + written),
        arguments_as_text=isinstance(arguments, str),
        parallel=_shows(tokenizer, [USER, call_message([call, other]), _result(1), _result(2)], NAME, other[0]),
        text_and_calls=text_and_calls,
    )


def _arguments(tokenizer: Any) -> dict[str, Any] | str | None:
    """The probe's arguments in the type that the template takes; None if it cannot write tools, calls and results."""
    if not _shows(tokenizer, [USER], NAME):
        return None
    for arguments in ({KEY: VALUE}, json.dumps({KEY: VALUE})):
        chat = [USER, call_message([(NAME, arguments, "call00001")]), _result(1)]
        if _shows(tokenizer, chat, NAME, KEY, VALUE, RESULT, unlike=f'\\"{KEY}'):
            return arguments
    return None


def _turn(tokenizer: Any, call: tuple[str, dict[str, Any] | str, str]) -> tuple[str, str]:
    """A generated turn that is one call: what stands before the name, and from there to the end-of-turn token."""
    prompt = apply(tokenizer, [USER], [TOOL], prompt=True)
    text = apply(tokenizer, [USER, call_message([call])], [TOOL])
    opening, name, rest = text[len(common_prefix(prompt, text)) :].partition(NAME)
    ends = [match.start() for match in pattern(special_tokens(tokenizer)).finditer(rest)]
    return opening, (name + (rest[: ends[-1]] if ends else rest)).rstrip()


def _result(number: int) -> dict[str, Any]:
    return {"role": "tool", "name": NAME, "tool_call_id": f"call{number:05d}", "content": RESULT}


def _shows(tokenizer: Any, chat: Chat, *parts: str, unlike: str = "\0") -> bool:
    """Whether the template takes `chat` and writes every part, each first seen after the one before."""
    try:
        text = apply(tokenizer, chat, [TOOL] if NAME in parts else None)
    except TemplateError:
        return False
    places = [text.find(part) for part in parts]
    return places[0] >= 0 and places == sorted(places) and unlike not in text


def _syntax(call: str) -> CallSyntax | None:
    """The syntax of a rendered call, if it is JSON with our name and arguments in it, between markers."""
    for place in (index for index, character in enumerate(call) if character in "[{"):
        try:
            value, end = json.JSONDecoder().raw_decode(call, place)
        except ValueError:
            continue
        entry = value[0] if isinstance(value, list) and value else value
        keys = {json.dumps(item): key for key, item in entry.items()} if isinstance(entry, dict) else {}
        name, arguments = keys.get(json.dumps(NAME)), keys.get(json.dumps({KEY: VALUE}))
        if name and arguments:
            return CallSyntax(call[:place].strip(), call[end:].strip(), arguments, name)
    return None
