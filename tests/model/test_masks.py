"""Loss masks on small traces: what of a continuation is rerouted."""

from collections.abc import Callable
from typing import Any

import pytest

from switchgear.errors import RecipeError
from switchgear.model.masks import MASKS, loss_mask, loss_weights
from switchgear.model.render import Rendered, render
from switchgear.schema import CharRange, Example, Message, ToolCall, ToolSpec

CALL = '<tool_call>{"name": "look", "arguments": {"at": "it"}}</tool_call>'


@pytest.fixture(scope="session")
def tok(tokenizer: Callable[[str], Any]) -> Any:
    return tokenizer("smollm2")


@pytest.fixture(scope="session")
def mixed(example: Callable[..., Example]) -> Example:
    """Turns that make a call, make a call after some text, and make none."""
    look = (ToolCall(name="look", arguments={"at": "it"}),)
    seen = Message(role="tool", content="seen", name="look")
    return example(
        [
            Message(role="user", content="hello"),
            Message(role="assistant", tool_calls=look),
            seen,
            Message(role="assistant", content="Once more.", tool_calls=look),
            seen,
            Message(role="assistant", content="It is there."),
        ]
    )


def chosen(name: str, example: Example, tok: Any, max_tokens: int | None = None) -> list[str]:
    """The text of each run of tokens that the mask chooses."""
    rendered: Rendered = render(example, tok, max_tokens)
    mask = loss_mask(name, rendered, example)
    assert len(mask) == len(rendered.ids)
    runs: list[list[int]] = [[]]
    for token, inside in zip(rendered.ids, mask, strict=True):
        if inside:
            runs[-1].append(token)
        elif runs[-1]:
            runs.append([])
    return [tok.decode(run).strip() for run in runs if run]


def test_assistant_is_every_turn_with_its_end(mixed: Example, tok: Any):
    assert chosen("assistant", mixed, tok) == [
        f"{CALL}<|im_end|>",
        f"Once more.\n{CALL}<|im_end|>",
        "It is there.<|im_end|>",
    ]


def test_after_opening_starts_at_the_first_name_and_takes_all_of_a_turn_without_a_call(mixed: Example, tok: Any):
    rest = CALL[CALL.index("look") :]
    assert chosen("after_opening", mixed, tok) == [f"{rest}<|im_end|>", f"{rest}<|im_end|>", "It is there.<|im_end|>"]


def test_after_opening_of_parallel_calls_starts_at_the_first(parallel: Example, tok: Any):
    first, _ = chosen("after_opening", parallel, tok)
    assert first.startswith('look", "arguments"')
    assert "send_mail" in first


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("text", ["Once more.", "It is there."]),
        ("tool_call", [CALL, CALL]),
        ("tool_name", ["look", "look"]),
        ("tool_arguments", ['{"at": "it"}'] * 2),
    ],
)
def test_parts_of_a_turn(name: str, runs: list[str], mixed: Example, tok: Any):
    assert chosen(name, mixed, tok) == runs


@pytest.mark.parametrize("name", sorted(MASKS.keys() - {"after_injection", "thinking"}))
def test_only_messages_of_the_continuation_are_chosen(name: str, mixed: Example, tok: Any):
    narrowed = mixed.model_copy(update={"continuation": (3,)})
    assert len(chosen(name, narrowed, tok)) == 1
    assert chosen(name, narrowed, tok)[0] in chosen(name, mixed, tok)


@pytest.mark.parametrize("name", MASKS)
def test_what_is_cut_in_the_context_does_not_move_the_mask(name: str, mixed: Example, tok: Any):
    narrowed = mixed.model_copy(update={"continuation": (5,)})
    whole = len(render(narrowed, tok).ids)
    assert chosen(name, narrowed, tok, whole - 20) == chosen(name, narrowed, tok)


@pytest.fixture(scope="session")
def thought(example: Callable[..., Example]) -> Example:
    """A call after some thinking, an injection, and an answer after more of it."""
    result = Message(role="tool", content="seen: SEND", name="look", injected=(CharRange(start=6, end=10),))
    look = (ToolCall(name="look", arguments={"at": "it"}),)
    return example(
        [
            Message(role="user", content="hello"),
            Message(role="assistant", thinking="Where is it?", tool_calls=look),
            result,
            Message(role="assistant", thinking="I saw it.", content="There."),
        ],
        (ToolSpec(name="look"),),
    )


def test_thinking_is_chosen_or_left_out(thought: Example, tokenizer: Callable[[str], Any]):
    tok = tokenizer("qwen3")
    assert chosen("thinking", thought, tok) == ["Where is it?", "I saw it."]
    assert chosen("without_thinking", thought, tok)[2:] == ["<think>", "</think>\n\nThere.<|im_end|>"]
    assert "".join(chosen("assistant", thought, tok)).count("I saw it.") == 1


def test_a_template_without_thinking_has_none_to_choose(thought: Example, tok: Any):
    assert chosen("thinking", thought, tok) == []
    assert chosen("without_thinking", thought, tok) == chosen("assistant", thought, tok)


def test_after_the_injection_are_the_turns_that_follow_it(thought: Example, mixed: Example, tok: Any):
    assert chosen("after_injection", thought, tok) == ["There.<|im_end|>"]
    assert chosen("after_injection", mixed, tok) == []


def test_the_injection_may_have_been_cut(thought: Example, tok: Any):
    last = thought.model_copy(update={"continuation": (3,)})
    assert chosen("after_injection", last, tok, 16) == ["There.<|im_end|>"]


def test_the_last_weight_that_chooses_a_token_counts(thought: Example, tokenizer: Callable[[str], Any]):
    tok = tokenizer("qwen3")
    rendered = render(thought, tok)
    weights = loss_weights({"assistant": 1, "thinking": 0, "tool_arguments": 2}, rendered, thought)
    thinking, arguments, turns = (
        loss_mask(name, rendered, thought) for name in ("thinking", "tool_arguments", "assistant")
    )
    assert {w for w, hit in zip(weights, thinking, strict=True) if hit} == {0.0}
    assert {w for w, hit in zip(weights, arguments, strict=True) if hit} == {2.0}
    assert sum(weights) == sum(turns) - sum(thinking) + sum(arguments)


@pytest.mark.parametrize("name", MASKS)
def test_one_mask_weighs_1(name: str, thought: Example, tok: Any):
    rendered = render(thought, tok)
    assert loss_weights(name, rendered, thought) == list(map(float, loss_mask(name, rendered, thought)))


@pytest.mark.parametrize("weight", [-1, float("inf"), float("nan")])
def test_a_weight_that_is_none_is_an_error(weight: float, mixed: Example, tok: Any):
    with pytest.raises(RecipeError, match="The weight of mask 'text' is"):
        loss_weights({"text": weight}, render(mixed, tok), mixed)
