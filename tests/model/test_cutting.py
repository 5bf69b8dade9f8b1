"""Long conversations lose context, never the continuation, and say what they lost."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.model.conversation import SpanName
from switchgear.model.cutting import Cut, Kept, count, kept
from switchgear.model.masks import MASKS
from switchgear.model.render import render
from switchgear.schema import Example, Message

CASES = [
    # length, continuation, budget -> kept
    (100, [(80, 90)], 40, Kept(10, 60, 90)),  # head and tail
    (100, [(10, 20)], 40, Kept(0, 0, 40)),  # all before the continuation fits: only the end is dropped
    (100, [(60, 95)], 40, Kept(5, 60, 95)),  # the head yields to the continuation
    (100, [(30, 90)], 40, Kept(10, 30, 60)),  # too long: its beginning
    (100, [(0, 90)], 40, Kept(10, 10, 40)),
    (100, [(60, 65), (85, 90)], 40, Kept(10, 60, 90)),
    (100, [], 40, Kept(10, 70, 100)),  # a case: the end of its context
]


@pytest.mark.parametrize(("length", "continuation", "budget", "expected"), CASES)
def test_which_tokens_are_kept(length: int, continuation: list[Any], budget: int, expected: Kept) -> None:
    assert kept(length, continuation, budget) == expected


@given(st.lists(st.integers(1, 60), min_size=2, max_size=9), st.integers(16, 200))
def test_any_cut_is_within_budget_and_keeps_a_continuation_that_fits(sizes: list[int], budget: int) -> None:
    edges = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    length, continuation = edges[-1], list(zip(edges[1::2], edges[2::2], strict=False))
    keep = kept(length, continuation, budget)
    cut = count(keep, length, continuation)
    assert keep.before(length) == length - cut.tokens <= budget
    assert 0 <= keep.head <= keep.start <= keep.end <= length or keep.head == keep.start == 0
    fits = continuation[-1][1] - continuation[0][0] <= budget
    assert cut.continuation == 0 if fits else 0 < cut.continuation <= cut.tokens
    if length > budget >= 4 and not cut.continuation:
        assert keep.before(continuation[-1][1]) >= min(budget, continuation[-1][1]), "no more is dropped than needed"


def long_chat(example: Any) -> Example:
    pairs = [Message(role=role, content=f"{role} {n} " * 9) for n in range(4) for role in ("user", "assistant")]
    return example([Message(role="system", content="Be kind."), *pairs]).model_copy(update={"continuation": (6,)})


@pytest.mark.parametrize("budget", [120, 160, 200, 300])
def test_a_cut_conversation_keeps_its_head_and_its_continuation(
    budget: int, tokenizer: Callable[[str], Any], example: Any
) -> None:
    tok = tokenizer("smollm2")
    source = long_chat(example)
    whole, cut = render(source, tok), render(source, tok, budget)

    def continuation(rendered: Any) -> list[int]:
        mask = MASKS["assistant"](rendered, source)
        return [token for token, chosen in zip(rendered.ids, mask, strict=True) if chosen]

    assert len(cut.ids) == len(cut.ends) == budget
    assert cut.ids[:10] == whole.ids[:10]
    assert cut.ids[budget // 4 :] != whole.ids[budget // 4 : budget]
    assert continuation(cut) == continuation(whole)
    assert cut.cut == Cut(len(whole.ids) - budget, 0)
    assert tok.decode(cut.ids) == cut.text
    assert cut.text[cut.ends[cut.turn_start(6) - 1] :].startswith("assistant 2")
    assert all(0 <= span.start < span.end <= budget for span in cut.spans)


def test_a_continuation_that_does_not_fit_keeps_its_beginning_and_says_so(
    tokenizer: Callable[[str], Any], example: Any
) -> None:
    tok = tokenizer("smollm2")
    source = example([Message(role="user", content="hello"), Message(role="assistant", content="word " * 200)])
    whole, cut = render(source, tok), render(source, tok, 100)
    lost = len(whole.ids) - 100
    assert cut.cut.tokens == lost
    assert 0 < cut.cut.continuation <= lost
    assert any(span.name is SpanName.TURN for span in cut.spans)


def test_nothing_is_cut_from_what_fits(tokenizer: Callable[[str], Any], chat: Example) -> None:
    tok = tokenizer("smollm2")
    assert render(chat, tok, 10_000) == render(chat, tok)
    assert not render(chat, tok).cut
