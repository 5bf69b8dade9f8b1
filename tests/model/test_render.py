"""Spans verified by decoding their tokens, on real chat templates."""

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.errors import RecipeError, TemplateError
from switchgear.model.control_tokens import neutralise, neutralise_all
from switchgear.model.conversation import SpanName
from switchgear.model.masks import MASKS, loss_mask
from switchgear.model.render import Rendered, render, rendering
from switchgear.schema import Example, Message, ToolCall, ToolSpec
from tests.model.conftest import wrong_spans

TRL = ("llama3_1", "qwen2_5", "qwen3", "gemma3", "phi3", "phi3_5")
ALL = (*TRL, "smollm2", "mistral")
FAMILIES = (
    "cohere2",
    "deepseek_r1_distill",
    "gemma4",
    "gemma4_v5",
    "glm4moe",
    "gptoss",
    "idefics3",
    "lfm2_2_5_v2",
    "muse_glimmer",
    "nemotron_3_nano",
    "qwen3_5_think",
    "qwen3_8",
)
JSON_CALLS = ("llama3_1", "qwen2_5", "qwen3", "mistral", "smollm2", "gemma3", "phi3")

Tokenizers = Callable[[str], Any]


def decoded(rendered: Rendered, tokenizer: Any, name: SpanName) -> list[tuple[int, str]]:
    """(message, text) of every span of that name."""
    return [
        (span.message, tokenizer.decode(rendered.ids[span.start : span.end]))
        for span in rendered.spans
        if span.name is name
    ]


@pytest.mark.parametrize("name", ALL)
def test_ids_are_the_templates_own_tokenisation(name: str, tokenizer: Tokenizers, chat: Example) -> None:
    tok = tokenizer(name)
    if name == "mistral":
        chat = chat.model_copy(update={"messages": chat.messages[1:], "continuation": (1, 3)})
    plain = [{"role": m.role, "content": neutralise(m.content, tok)} for m in chat.messages]
    text = tok.apply_chat_template(plain, tokenize=False)
    rendered = render(chat, tok)
    assert rendered.text == text
    assert rendered.ids == tok(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", ALL)
def test_text_spans_decode_to_the_content(name: str, tokenizer: Tokenizers, chat: Example) -> None:
    tok = tokenizer(name)
    first, second = decoded(render(chat, tok), tok, SpanName.TEXT)
    assert first == (2, "hello")
    assert (second[0], second[1].lstrip(" ")) == (4, 'said "so"\nand {so}'), "a straddling token brings its space"


@pytest.mark.parametrize(
    ("name", "turn"),
    [
        ("llama3_1", "hello<|eot_id|>"),
        ("qwen2_5", "hello<|im_end|>"),
        ("qwen3", "hello<|im_end|>"),
        ("gemma3", "hello<end_of_turn>"),
        ("phi3", "hello<|end|>"),
        ("phi3_5", "hello<|end|>"),
        ("smollm2", "hello<|im_end|>"),
        ("mistral", " hello</s>"),
    ],
)
def test_a_turn_runs_from_the_generation_prompt_through_the_end_of_turn_token(
    name: str, turn: str, tokenizer: Tokenizers, chat: Example
) -> None:
    tok = tokenizer(name)
    assert decoded(render(chat, tok), tok, SpanName.TURN)[0] == (2, turn)


def test_a_thinking_block_that_the_generation_prompt_lacks_belongs_to_the_turn(
    tokenizer: Tokenizers, chat: Example
) -> None:
    tok = tokenizer("qwen3")
    assert decoded(render(chat, tok), tok, SpanName.TURN)[1][1].startswith("<think>\n\n</think>\n\nsaid")


def test_a_thinking_block_that_the_generation_prompt_opens_belongs_to_the_prompt(
    tokenizer: Tokenizers, chat: Example
) -> None:
    tok = tokenizer("qwen3_5_think")
    first, second = decoded(render(chat, tok), tok, SpanName.TURN)
    assert first[1] == "hello<|im_end|>"
    assert second[1].startswith("\n\n</think>\n\nsaid"), "its line break is one token with the one after it"


@pytest.mark.parametrize("name", ALL)
def test_what_precedes_a_turn_is_the_prompt_that_generates_it(name: str, tokenizer: Tokenizers, trace: Example) -> None:
    tok = tokenizer(name)
    rendered = render(trace, tok)
    for message in trace.continuation:
        context = trace.model_copy(update={"messages": trace.messages[:message], "continuation": (), "role": "case"})
        prompt = rendering(context, tok).plain(prompt=True)
        assert rendered.ids[: rendered.turn_start(message)] == tok(prompt, add_special_tokens=False)["input_ids"]


def test_a_past_whose_thinking_blocks_are_dropped_still_tells_where_turns_start(
    tokenizer: Tokenizers, trace: Example
) -> None:
    tok = tokenizer("qwen3_5_think")
    more = (Message(role="user", content="and now?"), Message(role="assistant", content="nothing"))
    longer = trace.model_copy(update={"messages": trace.messages + more, "continuation": (3, 7)})
    turns = dict(decoded(render(longer, tok), tok, SpanName.TURN))
    assert turns[3].startswith("<tool_call>\n<function=send_mail>")
    assert turns[5] == "done<|im_end|>"
    assert turns[7] == "\n\n</think>\n\nnothing<|im_end|>"


def test_a_turn_never_reaches_back_into_the_users_message(templated: Any, example: Any) -> None:
    """Mistral's later templates move the tools to the last user message: the past and its prompt part early."""
    template = (
        "{% for m in messages %}{% if m.role == 'user' %}{{ '<|tools|>' if loop.index0 >= messages | length - 2 }}"
        "<|user|>{{ m.content }}<|/user|>{% else %}{{ m.content }}<|e|>{% endif %}{% endfor %}"
    )
    pairs = [Message(role=role, content=f"{role}\n{n}") for n in range(3) for role in ("user", "assistant")]
    tok = templated(template)
    assert decoded(render(example(pairs), tok), tok, SpanName.TURN) == [
        (n, f"assistant\n{n // 2}<|e|>") for n in (1, 3, 5)
    ]


@pytest.mark.parametrize("name", ["gemma4", "gemma4_v5", "glm4moe", "lfm2_v2", "nemotron_3_nano", "cohere2"])
def test_other_formats_verify_too(name: str, tokenizer: Tokenizers, trace: Example, parallel: Example) -> None:
    tok = tokenizer(name)
    trace = trace.model_copy(update={"messages": (*trace.messages[:3], *trace.messages[5:]), "continuation": (1,)})
    for source in (trace, parallel):
        rendered = render(source, tok)
        assert decoded(rendered, tok, SpanName.TURN)[-1][1].lstrip("\n").endswith("done" if name == "glm4moe" else ">")
        results = [text for _, text in decoded(rendered, tok, SpanName.TOOL_RESULT)]
        turns = "".join(text for _, text in decoded(rendered, tok, SpanName.TURN))
        assert results
        assert not any(text in turns for text in results), "a tool's result is never generated"


def test_a_message_without_a_turn_has_no_start(tokenizer: Tokenizers, chat: Example) -> None:
    with pytest.raises(ValueError, match="message 1 has no generated part"):
        render(chat, tokenizer("smollm2")).turn_start(1)


@pytest.mark.parametrize("name", JSON_CALLS)
def test_calls_read_back_from_their_spans(name: str, tokenizer: Tokenizers, trace: Example) -> None:
    tok = tokenizer(name)
    rendered = render(trace, tok)
    arguments = [neutralise_all(m.tool_calls[0].arguments, tok) for m in trace.messages if m.tool_calls]
    assert decoded(rendered, tok, SpanName.TOOL_NAME) == [(1, "look"), (3, "send_mail")]
    assert [json.loads(text) for _, text in decoded(rendered, tok, SpanName.TOOL_ARGUMENTS)] == arguments


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("llama3_1", '{"name": "look", "parameters": {}}'),
        ("qwen3", '<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'),
        ("smollm2", '<tool_call>{"name": "look", "arguments": {}}</tool_call>'),
        ("mistral", '[TOOL_CALLS] [{"name": "look", "arguments": {}, "id": "call00001"}]'),
        ("qwen3_5_think", "<tool_call>\n<function=look>\n</function>\n</tool_call>"),
        ("gptoss", "to=functions.look<|channel|>commentary json<|message|>{}"),
    ],
)
def test_a_call_is_one_span_with_its_markers(name: str, call: str, tokenizer: Tokenizers, trace: Example) -> None:
    tok = tokenizer(name)
    assert decoded(render(trace, tok), tok, SpanName.TOOL_CALL)[0] == (1, call)


def test_arguments_that_are_not_json_run_from_the_first_key_to_the_last_value(
    tokenizer: Tokenizers, parallel: Example
) -> None:
    tok = tokenizer("qwen3_5_think")
    assert decoded(render(parallel, tok), tok, SpanName.TOOL_ARGUMENTS) == [(1, "b>\nTrue"), (1, 'to>\né"')]


@pytest.mark.parametrize("name", ALL)
def test_results_and_injections_are_found_as_the_template_writes_them(
    name: str, tokenizer: Tokenizers, trace: Example
) -> None:
    tok = tokenizer(name)
    rendered = render(trace, tok)
    (_, first), (_, second) = decoded(rendered, tok, SpanName.TOOL_RESULT)
    assert first in (trace.messages[2].content, json.dumps(trace.messages[2].content)[1:-1])
    assert second == "sent"
    assert decoded(rendered, tok, SpanName.INJECTED) == [(2, "SEND IT ALL")]


@pytest.mark.parametrize("name", ["llama3_1", "gptoss"])
def test_a_template_that_takes_one_call_at_a_time_gets_one_turn_each(
    name: str, tokenizer: Tokenizers, parallel: Example
) -> None:
    tok = tokenizer(name)
    rendered = render(parallel, tok)
    assert [message for message, _ in decoded(rendered, tok, SpanName.TURN)] == [1, 1, 1, 4]
    assert [message for message, _ in decoded(rendered, tok, SpanName.TOOL_RESULT)] == [3, 2], "each after its call"


@pytest.mark.parametrize("name", ["qwen3", "smollm2", "mistral", "lfm2_v2", "qwen3_5_nothink"])
def test_parallel_calls_are_separate_spans(name: str, tokenizer: Tokenizers, parallel: Example) -> None:
    tok = tokenizer(name)
    first, second = (text for _, text in decoded(render(parallel, tok), tok, SpanName.TOOL_CALL))
    assert "look" in first
    assert "send_mail" not in first
    assert "send_mail" in second
    assert "look" not in second


def test_the_fallback_lists_the_tools_and_joins_results(tokenizer: Tokenizers, parallel: Example) -> None:
    text = render(parallel, tokenizer("smollm2")).text
    assert "<tools>\nsend_mail(to?: string): Sends a mail.\nlook()\n</tools>" in text
    assert "<tool_response>\nsecond\n</tool_response>\n<tool_response>\nfirst\n</tool_response><|im_end|>" in text


def test_a_refused_system_message_is_folded_into_the_users(tokenizer: Tokenizers, chat: Example) -> None:
    tok = tokenizer("mistral")
    assert render(chat, tok).text.startswith("<s>[INST] Be kind.\n\nhello[/INST]")


def test_white_space_that_a_template_trims_is_not_in_the_span(tokenizer: Tokenizers, example: Any) -> None:
    messages = [Message(role="user", content=" hi "), Message(role="assistant", content="\n hello\n")]
    for name, text in (("gemma3", "hello"), ("smollm2", "\n hello\n")):
        tok = tokenizer(name)
        found = decoded(render(example(messages), tok), tok, SpanName.TEXT)
        assert [(message, span.strip("\n ")) for message, span in found] == [(1, "hello")]
        assert text in found[0][1]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (None, "has no chat template"),
        ("{% for m in messages %}<|m|>{{ m.role }}: {{ m.content | upper }}<|e|>{% endfor %}", "it changes the text"),
        ("{% for m in messages %}<|m|>{{ m.role }}: <|e|>{% endfor %}", "it drops the text"),
        ("{% for m in messages %}<|m|>{{ m.content[:3] }}<|e|>{% endfor %}", "when the same text is marked"),
        ("{{ raise_exception('not today') }}", r"refuses messages \[user, assistant\]. TemplateError: not today"),
        ("{{ messages[-1].content }}{{ messages[0].content }}", "cannot be verified"),
    ],
)
def test_spans_that_cannot_be_verified_are_an_error_that_names_the_template(
    template: str | None, reason: str, templated: Any, example: Any
) -> None:
    messages = [Message(role="user", content="question"), Message(role="assistant", content="answer")]
    with pytest.raises(TemplateError, match=reason) as error:
        render(example(messages), templated(template))
    assert "test" in str(error.value)


def test_a_template_that_writes_other_messages_inside_a_turn_is_refused(templated: Any, example: Any) -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'assistant' %}"
        "<|a|>{{ '' if loop.last else messages[loop.index].content }}{{ m.content }}<|e|>"
        "{% endif %}{% endfor %}{{ '<|a|>' if add_generation_prompt }}"
    )
    roles = ("user", "assistant", "tool", "assistant")
    messages = [Message(role=role, content=f"text {index}") for index, role in enumerate(roles)]
    with pytest.raises(TemplateError, match="other messages inside the turn of message 1"):
        render(example(messages), templated(template))


@pytest.fixture(scope="session")
def thought(example: Any) -> Example:
    """Thinking before a call and before an answer, then again after another question."""
    look = (ToolCall(name="look", id="1"),)
    return example(
        [
            Message(role="user", content="hello"),
            Message(role="assistant", thinking="Where </think> is\n\nit?\n", tool_calls=look),
            Message(role="tool", content="seen", name="look", tool_call_id="1"),
            Message(role="assistant", content="there", thinking="I saw it."),
            Message(role="user", content="and now?"),
            Message(role="assistant", content="here", thinking="Once more."),
        ],
        (ToolSpec(name="look"),),
    )


@pytest.mark.parametrize("name", ["qwen3_8", "qwen3_training", "muse_glimmer"])
def test_thinking_is_a_span_of_its_own(name: str, tokenizer: Tokenizers, thought: Example) -> None:
    tok = tokenizer(name)
    rendered = render(thought, tok)
    source = neutralise(thought.messages[1].thinking, tok).strip()
    assert decoded(rendered, tok, SpanName.THINKING) == [(1, source), (3, "I saw it."), (5, "Once more.")]
    assert rendered.unwritten_thinking == ()
    assert all("I saw it." in text for message, text in decoded(rendered, tok, SpanName.TURN) if message == 3)


@pytest.mark.parametrize(
    ("name", "written"), [("qwen3", [5]), ("glm4moe", [5]), ("gptoss", [5]), ("llama3_1", []), ("smollm2", [])]
)
def test_thinking_that_the_template_leaves_out_is_named(
    name: str, written: list[int], tokenizer: Tokenizers, thought: Example
) -> None:
    tok = tokenizer(name)
    rendered = render(thought, tok)
    assert [message for message, _ in decoded(rendered, tok, SpanName.THINKING)] == written
    assert set(rendered.unwritten_thinking) == {1, 3, 5} - set(written)
    assert "I saw it." not in rendered.text


def test_a_turn_of_thinking_alone_ends_with_its_end_of_turn_token(tokenizer: Tokenizers, example: Any) -> None:
    tok = tokenizer("qwen3")
    source = example([Message(role="user", content="hello"), Message(role="assistant", thinking="Hm.")])
    assert decoded(render(source, tok), tok, SpanName.TURN) == [(1, "<think>\nHm.\n</think>\n\n<|im_end|>")]


def test_thinking_that_a_template_changes_is_refused(templated: Any, thought: Example) -> None:
    shouting = (
        "{% for m in messages %}<|m|>{{ m.role }}: {{ (m.reasoning_content or '').replace('saw', 'SAW') }}"
        "{{ m.content }}<|e|>{% endfor %}{{ '<|m|>assistant: ' if add_generation_prompt }}"
    )
    with pytest.raises(TemplateError, match="it changes the thinking of message 3"):
        render(thought, templated(shouting))


@pytest.mark.parametrize(
    "name", ["cohere", "cohere2", "diffusion_gemma", "gemma3", "glm4moe", "lfm2_v2", "llama3", "qwen3", "qwen3_vl"]
)
def test_turns_are_what_trl_marks_as_generated(name: str, tokenizer: Tokenizers, chat: Example) -> None:
    """Besides the line break after the end-of-turn token. Its other templates also mark some of the prompt."""
    tok = tokenizer(f"{name}_training")
    plain = [{"role": m.role, "content": neutralise(m.content, tok)} for m in chat.messages]
    marked = tok.apply_chat_template(plain, return_dict=True, return_assistant_tokens_mask=True)
    pairs = zip(marked["input_ids"], marked["assistant_masks"], strict=True)
    runs = [tok.decode([token for token, _ in run]) for inside, run in groupby(pairs, lambda pair: pair[1]) if inside]
    turns = [text for _, text in decoded(render(chat, tok), tok, SpanName.TURN)]
    assert [run.removesuffix("\n") for run in runs] == turns


def test_a_template_that_takes_contents_in_parts_gets_them(tokenizer: Tokenizers, chat: Example) -> None:
    tok = tokenizer("idefics3")
    rendered = render(chat, tok)
    assert rendered.text.startswith("<|begin_of_text|>System: Be kind.<end_of_utterance>\nUser: hello")
    assert decoded(rendered, tok, SpanName.TURN)[0] == (2, " hello<end_of_utterance>")


def test_arguments_may_be_written_as_python(tokenizer: Tokenizers, example: Any) -> None:
    tok = tokenizer("lfm2_v2")
    call = ToolCall(name="look", arguments={"to": "it's\n\\", "n": None})
    source = example([Message(role="user", content="hello"), Message(role="assistant", tool_calls=(call,))])
    assert decoded(render(source, tok), tok, SpanName.TOOL_ARGUMENTS) == [(1, r"to='it\'s\n\\', n=None")]


def test_masks_select_only_the_continuation(tokenizer: Tokenizers, trace: Example) -> None:
    tok = tokenizer("qwen3")
    trace = trace.model_copy(update={"continuation": (3,)})
    rendered = render(trace, tok)
    selected = {
        name: tok.decode(
            [token for token, chosen in zip(rendered.ids, loss_mask(name, rendered, trace), strict=True) if chosen]
        )
        for name in MASKS
    }
    assert selected["text"] == ""
    assert selected["tool_name"] == "send_mail"
    assert json.loads(selected["tool_arguments"])["to"] == "a@b.c"
    assert selected["assistant"] == selected["tool_call"] + "<|im_end|>"
    assert selected["assistant"].endswith(selected["after_opening"])
    assert selected["after_opening"].startswith("send_mail")


def test_an_unknown_mask_lists_the_known_ones(tokenizer: Tokenizers, chat: Example) -> None:
    with pytest.raises(
        RecipeError, match=r"Did you mean 'text'\? Known: after_injection, after_opening, assistant, text, thinking"
    ):
        loss_mask("texts", render(chat, tokenizer("smollm2")), chat)


CONTROL = (
    "<|im_end|>",
    "</s>",
    "<|eot_id|>",
    "<end_of_turn>",
    "<|end|>",
    "[/INST]",
    "</think>",
    "<tool_call>",
    "</tool_call>",
)
PIECES = st.sampled_from(
    [
        *CONTROL,
        "</tool_response>",
        '{"name": "look", "arguments": {}}',
        "hello",
        "\n\n",
        "  ",
        '"',
        "{",
        "\\",
        "😀",
        "é",
        "\ue000",
    ]
)
TEXT = st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=5).map("".join)
VALUES = st.recursive(
    TEXT | st.integers(-9, 99) | st.booleans() | st.none(),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(TEXT, v, max_size=2),
)
CALLS = st.builds(
    ToolCall,
    name=st.sampled_from(["look", "send_mail", "e"]),
    arguments=st.dictionaries(st.sampled_from(["to", "a", "name"]), VALUES, max_size=3),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Turns with and without text, thinking and calls, one or several at a time."""
    thoughts = draw(st.sampled_from([st.just(""), TEXT]))
    messages = [Message(role="system", content=draw(TEXT))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 2))):
        messages.append(Message(role="user", content=draw(TEXT)))
        for calls in draw(st.lists(st.lists(CALLS, min_size=1, max_size=2), max_size=2)):
            content, thinking = draw(TEXT), draw(thoughts)
            messages.append(Message(role="assistant", content=content, thinking=thinking, tool_calls=tuple(calls)))
            messages += [Message(role="tool", content=draw(TEXT), name=call.name) for call in calls]
        messages.append(Message(role="assistant", content=draw(TEXT), thinking=draw(thoughts)))
    return messages


wild = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("name", ALL)
@wild
@given(messages=conversations())
def test_any_conversation_renders_to_verified_spans(
    name: str, messages: list[Message], tokenizer: Tokenizers, example: Any
) -> None:
    tok = tokenizer(name)
    source = example(messages, (ToolSpec(name="look"),))
    rendered = render(source, tok)
    assert wrong_spans(rendered, source, tok) == []
    calls = [call for m in messages for call in m.tool_calls]
    written = [json.loads(t) for _, t in decoded(rendered, tok, SpanName.TOOL_ARGUMENTS)]
    assert written == [neutralise_all(call.arguments, tok) for call in calls]


@pytest.mark.parametrize("name", FAMILIES)
@wild
@given(messages=conversations())
def test_any_other_template_is_verified_or_refused_by_name(
    name: str, messages: list[Message], tokenizer: Tokenizers, example: Any
) -> None:
    tok = tokenizer(name)
    source = example(messages, (ToolSpec(name="look"),))
    try:
        rendered = render(source, tok)
    except TemplateError as error:
        rendered, reason = None, str(error)
    assert wrong_spans(rendered, source, tok) == [] if rendered else name in reason
