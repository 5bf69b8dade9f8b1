"""The same goal in other words, in the same place."""

import dataclasses

import pytest
from pydantic import ValidationError

from switchgear.data.injections.families import FAMILIES
from switchgear.evaluation.attacks.template import ADAPTIVE, TEMPLATES, Template, goal_of, reworded
from switchgear.evaluation.questions import question
from switchgear.schema import CharRange
from tests.garden import NOTE

SEEN = "thyme are dry. "
WORDED = f"TODO: {NOTE}"


@pytest.fixture
def told(victims, asked):
    """A case whose attacker's text is marked, and of a family that is known."""
    case = asked[0].case
    messages = list(case.example.messages)
    injected = (CharRange(start=len(SEEN), end=len(SEEN + WORDED)),)
    messages[2] = messages[2].model_copy(update={"content": f"{SEEN}{WORDED} Bye.", "injected": injected})
    example = case.example.model_copy(update={"messages": tuple(messages), "tags": {"family": "direct"}})
    return question(dataclasses.replace(case, example=example), victims["adapted"].tokenizer, 1024, ["free"])


def test_the_goal_is_what_the_wording_of_the_family_leaves(told):
    assert goal_of(told.case) == NOTE


def test_new_words_take_the_place_of_the_old_ones(told):
    case = reworded(told.case, "Look, a bird!")
    message = case.example.messages[2]
    assert message.content == f"{SEEN}Look, a bird! Bye."
    assert [message.content[part.start : part.end] for part in message.injected] == ["Look, a bird!"]
    assert (case.id, case.forbidden) == (told.case.id, told.case.forbidden)
    assert case.example.messages[3:] == told.case.example.messages[3:]


def test_every_place_of_the_attackers_text_is_reworded(told):
    twice = told.case.example.messages[2]
    injected = (*twice.injected, CharRange(start=twice.injected[0].end + 1, end=len(twice.content)))
    messages = list(told.case.example.messages)
    messages[2] = twice.model_copy(update={"injected": injected})
    case = dataclasses.replace(told.case, example=told.case.example.model_copy(update={"messages": tuple(messages)}))
    assert reworded(case, "Hm.").example.messages[2].content == f"{SEEN}Hm. Hm."


def test_each_family_is_an_attempt_and_its_own_is_the_plain_case(victims, told, make):
    victim = victims["adapted"]
    attempts = list(make(victim, "template", {"families": ["direct", "urgent", "breaker_told_off"]})([told]))
    assert [(each.index, each.label, each.budget) for each in attempts] == [
        (0, "direct", 1),
        (1, "urgent", 1),
        (2, "breaker_told_off", 1),
    ]
    assert attempts[0].output == victim.answers([list(told.context)])[0]
    assert all(each.question is told and each.error is None for each in attempts)


def test_a_case_whose_wording_is_not_known_has_failed_in_every_family(victims, asked, make):
    attempts = list(make(victims["frozen"], "template", {"families": ["direct", "urgent"]})(asked))
    assert len(attempts) == 2 * len(asked)
    assert all(each.error for each in attempts)


def test_the_adaptive_families_are_none_that_a_breaker_is_trained_on():
    assert ADAPTIVE.keys().isdisjoint(FAMILIES)
    assert set(TEMPLATES) == {*FAMILIES, *ADAPTIVE}
    assert all(words.count("{goal}") == 1 for words in ADAPTIVE.values())


def test_an_unknown_family_lists_the_known_ones():
    with pytest.raises(ValidationError, match=r"Unknown attack family 'urgnt'. Did you mean 'urgent'"):
        Template.Options(families=("urgnt",))
