"""Calls in generated text: what is read, what is only an attempt, and that nothing a model writes can raise."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.model.calls import parse_calls
from switchgear.model.render import SpanName, render
from switchgear.model.tool_format import CallSyntax, ToolFormat, call_opening, tool_format
from switchgear.schema import Example, ToolCall

HERMES = ToolFormat()
LLAMA = ToolFormat(native=True, syntax=CallSyntax("", "", "parameters"), control=("<|eot_id|>",))
MISTRAL = ToolFormat(native=True, syntax=CallSyntax("[TOOL_CALLS]", ""))
CALL = ToolCall(name="send", arguments={"to": "a </tool_call> b"})
HERMES_CALL = '<tool_call>{"name": "send", "arguments": {"to": "a </tool_call> b"}}</tool_call>'


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (HERMES, HERMES_CALL),
        (HERMES, '<tool_call>\n{"name": "send", "arguments": {"to": "a </tool_call> b"}}\n</tool_call>'),
        (LLAMA, '{"name": "send", "parameters": {"to": "a </tool_call> b"}}<|eot_id|>'),
        (LLAMA, '<|python_tag|>{"name": "send", "parameters": {"to": "a </tool_call> b"}}'),
        (MISTRAL, '[TOOL_CALLS] [{"name": "send", "arguments": {"to": "a </tool_call> b"}, "id": "123456789"}]'),
    ],
)
def test_a_call_in_the_own_format_is_native(form: ToolFormat, text: str) -> None:
    turn = parse_calls(text, form)
    assert (turn.calls, turn.attempted, turn.errors, turn.native, turn.text) == ((CALL,), 1, (), True, "")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (LLAMA, HERMES_CALL),
        (HERMES, '{"name": "send", "arguments": {"to": "a </tool_call> b"}}'),
        (HERMES, '<tool_call>{"name": "send", "parameters": {"to": "a </tool_call> b"}}</tool_call>'),
        (LLAMA, '{"name": "send", "arguments": {"to": "a </tool_call> b"}}'),
        (LLAMA, 'I do: {"name": "send", "parameters": {"to": "a </tool_call> b"}}'),
        (MISTRAL, HERMES_CALL),
    ],
)
def test_a_call_in_another_format_counts_but_is_not_native(form: ToolFormat, text: str) -> None:
    turn = parse_calls(text, form)
    assert (turn.calls, turn.attempted, turn.native) == ((CALL,), 1, False)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('<tool_call>{"name": "send", "arguments": {"to": </tool_call>', "not JSON"),
        ('<tool_call>{"name": "send", "arguments": {"to": "a', "not JSON"),
        ("<tool_call>", "not JSON"),
        ("<tool_call>[]</tool_call>", "a list instead of an object"),
        ('<tool_call>"send"</tool_call>', "a str instead of an object"),
        ('<tool_call>{"name": 3, "arguments": {}}</tool_call>', "no name"),
        ('<tool_call>{"name": "send"}</tool_call>', "no arguments object"),
        ('<tool_call>{"name": "send", "arguments": [1]}</tool_call>', "no arguments object"),
        ('<tool_call>{"name": "send", "arguments": "{"}</tool_call>', "not JSON text"),
        ('<tool_call>{"name": "send", "arguments": {"a": "\\ud800"}}</tool_call>', "not JSON text"),
        ("<tool_call>" + '{"a":' * 10_000, "nested too deeply"),
        ("<tool_call>" + "[" * 10_000, "nested too deeply"),
        ('{"name": ' * 10_000, "nested too deeply"),
    ],
)
def test_a_malformed_call_is_an_attempt_with_its_reason_and_its_text(text: str, error: str) -> None:
    turn = parse_calls(text, HERMES)
    assert (turn.calls, turn.attempted, turn.native) == ((), 1, False)
    assert error in turn.errors[0]
    assert turn.text == text.strip()


def test_a_whole_call_without_its_closing_marker_is_read_but_not_native() -> None:
    turn = parse_calls('<tool_call>{"name": "send", "arguments": {}}', HERMES)
    assert (turn.calls, turn.attempted, turn.errors, turn.native) == (
        (ToolCall(name="send"),),
        1,
        ("not closed",),
        False,
    )


def test_a_malformed_call_does_not_hide_the_next_one() -> None:
    turn = parse_calls(f"well <tool_call>{{oops</tool_call> then {HERMES_CALL} bye<|im_end|>", HERMES)
    assert (turn.calls, turn.attempted, len(turn.errors), turn.native) == ((CALL,), 2, 1, False)
    assert turn.text == "well <tool_call>{oops</tool_call> then  bye<|im_end|>"


def test_arguments_as_a_json_string_are_read_but_not_native() -> None:
    turn = parse_calls('<tool_call>{"name": "send", "arguments": "{\\"a\\": 1}"}</tool_call>', HERMES)
    assert (turn.calls, turn.native) == ((ToolCall(name="send", arguments={"a": 1}),), False)


def test_a_list_of_calls_counts_each() -> None:
    turn = parse_calls('[TOOL_CALLS] [{"name": "a", "arguments": {}}, {"name": "b"}]', MISTRAL)
    assert ([call.name for call in turn.calls], turn.attempted, len(turn.errors)) == (["a"], 2, 1)


@pytest.mark.parametrize("form", [HERMES, LLAMA, MISTRAL])
@pytest.mark.parametrize("text", ["", "I cannot help with that.", 'The {"key": "name"} you gave', "[1, 2]"])
def test_text_is_not_a_call(form: ToolFormat, text: str) -> None:
    turn = parse_calls(text, form)
    assert (turn.text, turn.calls, turn.attempted, turn.errors, turn.native) == (text, (), 0, (), False)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ["<tool_call>", "</tool_call>", '{"name": "a", "arguments": {}}', "{", "[", '"', "[TOOL_CALLS]"]
        )
        | st.text(max_size=4),
        max_size=12,
    ).map("".join)
)
def test_no_text_raises(text: str) -> None:
    for form in (HERMES, LLAMA, MISTRAL):
        turn = parse_calls(text, form)
        assert len(turn.calls) + len(turn.errors) >= turn.attempted >= len(turn.calls)


@pytest.mark.parametrize(
    "piece", ["<tool_call>", "<tool_call>{", "</tool_call>", '{"name": ', "[TOOL_CALLS][", "<|python_tag|>"]
)
def test_repetition_takes_no_time(piece: str) -> None:
    started = time.perf_counter()
    for form in (HERMES, LLAMA, MISTRAL):
        parse_calls(piece * 5_000, form)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("name", ["llama3_1", "qwen2_5", "qwen3", "mistral", "smollm2", "gemma3", "phi3_5"])
def test_what_a_template_writes_is_parsed_back(name: str, tokenizer: Callable[[str], Any], trace: Example) -> None:
    tok = tokenizer(name)
    rendered = render(trace, tok)
    for span in rendered.spans:
        if span.name is SpanName.TURN and span.message == 3:
            turn = parse_calls(tok.decode(rendered.ids[span.start : span.end]), tok)
            assert [call.arguments for call in turn.calls] == [trace.messages[3].tool_calls[0].arguments]
            assert (turn.native, turn.text) == (True, "")


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("llama3_1", '{"name": "'),
        ("qwen2_5", '<tool_call>\n{"name": "'),
        ("qwen3", '<think>\n\n</think>\n\n<tool_call>\n{"name": "'),
        ("mistral", '[TOOL_CALLS] [{"name": "'),
        ("smollm2", '<tool_call>{"name": "'),
        ("gptoss", " to=functions."),
    ],
)
def test_the_opening_forces_a_call(name: str, opening: str, tokenizer: Callable[[str], Any]) -> None:
    assert call_opening(tokenizer(name)) == opening


@pytest.mark.parametrize("name", ["llama3_1", "qwen2_5", "qwen3", "mistral", "qwen3_5_think", "gptoss"])
def test_templates_with_tools_use_their_own_format(name: str, tokenizer: Callable[[str], Any]) -> None:
    assert tool_format(tokenizer(name)).native


@pytest.mark.parametrize("name", ["gemma3", "phi3", "phi3_5", "smollm2"])
def test_templates_without_tools_use_the_fallback(name: str, tokenizer: Callable[[str], Any]) -> None:
    form = tool_format(tokenizer(name))
    assert (form.native, form.syntax) == (False, CallSyntax("<tool_call>", "</tool_call>"))


XML = """<tool_call>
<function=send_mail>
<parameter=to>
a
</parameter>
<parameter=n>
7
</parameter>
</function>
</tool_call>"""


def test_calls_that_are_not_json_are_read_by_the_response_template(
    tokenizer: Callable[[str], Any], trace: Example
) -> None:
    utils = pytest.importorskip("trl.chat_template_utils")
    tok = tokenizer("qwen3_5_nothink")
    assert parse_calls(XML, tok).errors == (
        "the tokenizer has no `response_template` to read this template's calls with",
    )
    tok.response_template = utils.qwen3_5_template
    try:
        read, broken = parse_calls(XML + "<|im_end|>", tok, trace.tools), parse_calls(XML[:40], tok)
    finally:
        del tok.response_template
    assert [call.name for call in read.calls] == ["send_mail"]
    assert read.calls[0].arguments["to"] == "a"
    assert read.native
    assert (broken.calls, broken.attempted, broken.native) == ((), 1, False)


def test_the_format_alone_needs_no_tokenizer() -> None:
    assert json.dumps(parse_calls(HERMES_CALL, HERMES).calls[0].arguments)
