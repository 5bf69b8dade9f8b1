"""Greedy coordinate gradient on a tiny model."""

from itertools import islice

import pytest
import torch
from torch.nn.functional import cross_entropy

from switchgear.evaluation.attacks.gcg import Gcg, Search, candidates, plain_words
from switchgear.evaluation.attacks.site import NOWHERE
from switchgear.evaluation.attacks.suffix import room

OPTIONS = Gcg.Options(words=4, width=12, top=8, target=6, together=5)


def test_candidates_change_one_place_to_a_word_that_the_gradient_likes():
    gradient = torch.tensor([[3.0, -2.0, -9.0, 0.0], [-1.0, 5.0, -9.0, -3.0]])
    words = torch.tensor([True, True, False, True])  # the one liked best may not stand there
    options = Gcg.Options(width=50, top=2)
    found = candidates(gradient, [7, 8], words, options, torch.Generator().manual_seed(0))
    assert sorted(found) == [[1, 8], [3, 8], [7, 0], [7, 3]]


def test_candidates_are_at_most_as_many_as_wanted():
    found = candidates(torch.randn(4, 90), [1, 2, 3, 4], torch.ones(90).bool(), OPTIONS, torch.Generator())
    assert 1 < len(found) <= 12
    assert all(sum(new != old for new, old in zip(each, [1, 2, 3, 4], strict=True)) <= 1 for each in found)


def test_a_suffix_is_made_of_printable_words(victims):
    tokenizer = victims["frozen"].tokenizer
    words = plain_words(tokenizer, len(tokenizer) + 3)
    assert len(words) == len(tokenizer) + 3
    assert not words[len(tokenizer) :].any()
    assert not words[tokenizer.all_special_ids].any()
    assert words[tokenizer("water", add_special_tokens=False)["input_ids"]].all()
    assert not words[tokenizer("\n", add_special_tokens=False)["input_ids"]].any()


@pytest.fixture
def place(victims, asked):
    return room(asked[0].case, 4, "free", victims["frozen"].tokenizer, 512, 6)


def plain_loss(victim, place, suffix):
    row = torch.tensor([[*place.before, *suffix, *place.after, *place.target]])
    with torch.no_grad():
        logits = victim.model(input_ids=row).logits[0, -len(place.target) - 1 : -1]
    return float(cross_entropy(logits, torch.tensor(place.target)))


def test_losses_are_those_of_whole_rows(victims, place):
    victim = victims["adapted"]
    rest = place.injected[1:]
    suffixes = [[token, *rest] for token in range(30, 37)]
    found = Search(victim.model, place, together=5).losses(suffixes)
    assert found == pytest.approx([plain_loss(victim, place, suffix) for suffix in suffixes], rel=1e-4)


def test_the_gradient_tells_what_a_small_step_to_another_word_does(victims, place):
    victim, word, step = victims["adapted"], 41, 1e-4
    victim.model.double()
    suffix = [len(victim.tokenizer) - 1, *place.injected[1:]]  # a token that stands nowhere else in the row
    gradient = Search(victim.model, place, together=1).gradient(suffix)
    before = plain_loss(victim, place, suffix)
    embedding = victim.model.get_input_embeddings().weight
    with torch.no_grad():
        embedding[suffix[0]] += step * (embedding[word] - embedding[suffix[0]])
    rise = (plain_loss(victim, place, suffix) - before) / step
    assert rise == pytest.approx(float(gradient[0, word] - gradient[0, suffix[0]]), rel=0.01)


@pytest.mark.parametrize("model", ["frozen", "adapted"])
def test_the_search_makes_the_attackers_turn_likelier_step_by_step(model, victims, place, make):
    victim = victims[model]
    attack = make(victim, "gcg", OPTIONS.model_dump())
    with victim.state():
        (none, *found) = islice(attack.suffixes(place), 7)
        as_read = [plain_loss(victim, place, read_again(victim.tokenizer, place, text)) for text, _ in found]
        filler = plain_loss(victim, place, place.injected)
    assert none == ("", None)
    losses = [loss for _, loss in found]
    assert as_read == pytest.approx(losses, rel=1e-4)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < min(filler, losses[0])


def read_again(tokenizer, place, text):
    """The tokens of a suffix that is sent as text."""
    whole = tokenizer.decode(place.before) + text + tokenizer.decode(place.after)
    ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
    return ids[len(place.before) : len(ids) - len(place.after)]


def test_each_case_is_tried_once_at_each_level_and_at_none_answers_as_without_attack(victims, asked, make):
    victim = victims["adapted"]
    attack = make(victim, "gcg", OPTIONS.model_dump(), budget=(0, 2), mode="prefilled")
    found = list(attack(asked))
    assert [(each.question, each.budget) for each in found] == [(q, level) for q in asked for level in (0, 2)]
    plain = victim.answers([[*question.context, *question.openings["prefilled"]] for question in asked])
    assert [found[0].output, found[2].output] == plain
    assert found[1].opening == found[0].opening == victim.tokenizer.decode(asked[0].openings["prefilled"])
    assert found == list(attack(asked))


def test_a_case_without_room_for_a_suffix_has_failed_and_the_others_go_on(victims, asked, make, monkeypatch):
    attack = make(victims["adapted"], "gcg", OPTIONS.model_dump(), budget=(0, 1))
    real, lost = room, asked[0].case
    monkeypatch.setattr(
        "switchgear.evaluation.attacks.gcg.room", lambda case, *rest: None if case is lost else real(case, *rest)
    )
    assert [each.error for each in attack(asked)] == [NOWHERE, NOWHERE, None, None]
