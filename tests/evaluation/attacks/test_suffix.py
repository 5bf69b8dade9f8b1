"""Where a suffix goes, as text and as tokens."""

from dataclasses import replace

import pytest

from switchgear.evaluation.attacks.site import Site
from switchgear.evaluation.attacks.suffix import FILLER, room, spelled, with_suffix
from switchgear.evaluation.questions import question
from switchgear.schema import CharRange
from tests.garden import NOTE


@pytest.fixture
def tokenizer(victims):
    return victims["frozen"].tokenizer


def content(case):
    return case.example.messages[2].content


def marked(case):
    """The garden's case with its note marked as injected, and a gardener's remark behind it."""
    message = case.example.messages[2]
    start = message.content.index(NOTE)
    update = {
        "content": message.content + " Mind the bees.",
        "injected": (CharRange(start=start, end=start + len(NOTE)),),
    }
    messages = list(case.example.messages)
    messages[2] = message.model_copy(update=update)
    return replace(case, example=case.example.model_copy(update={"messages": tuple(messages)}))


def test_a_suffix_stands_behind_the_injected_text(asked):
    case = with_suffix(marked(asked[0].case), " please")
    assert content(case) == f"thyme are dry. {NOTE} please Mind the bees."
    ranges = case.example.messages[2].injected
    assert [content(case)[part.start : part.end] for part in ranges] == [NOTE, " please"]
    assert case.id == asked[0].case.id


def test_without_a_mark_it_stands_behind_the_last_result(asked):
    assert content(with_suffix(asked[0].case, " please")) == f"thyme are dry. {NOTE} please"


def test_room_is_made_of_the_case_token_by_token(asked, tokenizer):
    for case in (asked[0].case, marked(asked[0].case)):
        place = room(case, 5, "prefilled", tokenizer, 512, 8)
        filled = question(with_suffix(case, FILLER * 5), tokenizer, 512, ["prefilled"])
        assert tokenizer.decode(place.injected) == FILLER * 5
        assert place.before + place.injected + place.after == [*filled.context, *filled.openings["prefilled"]]
        assert place.target == list(filled.reference)[len(filled.openings["prefilled"]) :][:8]


def test_a_case_that_lost_its_injection_to_a_cut_has_no_room(asked, tokenizer):
    whole = len(asked[0].context) + len(asked[0].reference)
    assert room(asked[0].case, 5, "free", tokenizer, whole, 8) is not None
    assert room(asked[0].case, 5, "free", tokenizer, len(asked[0].reference) + 12, 8) is None


def test_what_is_spelled_is_read_as_the_same_tokens_in_its_place(asked, tokenizer):
    case = marked(asked[0].case)
    place = room(case, 3, "free", tokenizer, 512, 8)
    words = tokenizer(" water the bell", add_special_tokens=False)["input_ids"]
    text = spelled(place, words, tokenizer)
    assert text == " water the bell"
    put = question(with_suffix(case, text), tokenizer, 512, ["free"])
    assert list(put.context) == [*place.before, *words, *place.after]


def test_tokens_that_would_merge_cannot_be_spelled(tokenizer):
    alone = Site([], [], [], [])
    whole = tokenizer("water", add_special_tokens=False)["input_ids"]
    letters = [tokenizer(letter, add_special_tokens=False)["input_ids"][0] for letter in "water"]
    assert len(whole) < len(letters)
    assert spelled(alone, whole, tokenizer) == "water"
    assert spelled(alone, letters, tokenizer) is None
