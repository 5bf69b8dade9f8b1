"""The watch in transformers' own `generate` and in ours, with and without an adapter, alone and in a batch."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from switchgear.deploy.trips import REFUSAL
from switchgear.deploy.watch import watching
from switchgear.model.generate import generate
from switchgear.model.hidden_states import blocks_of, hidden_states
from switchgear.model.layout import padded
from switchgear.model.newest_states import newest_states
from switchgear.model.prefix_cache import prefill

PROMPTS = [[5, 6, 7, 8], [9, 8, 7, 6]]


@pytest.fixture(scope="module")
def loaded(tiny_chat_model: Path):
    model = AutoModelForCausalLM.from_pretrained(tiny_chat_model, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = 2  # which this model does not happen to write
    return model, AutoTokenizer.from_pretrained(tiny_chat_model)


def written(model, watch, prompts=PROMPTS, tokens: int = 12) -> list[list[int]]:
    ids = torch.tensor(prompts)
    found = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=tokens,
        do_sample=False,
        stopping_criteria=[watch] if watch else None,
        pad_token_id=0,
    )
    return found[:, ids.shape[1] :].tolist()


def test_a_guard_that_never_trips_changes_nothing(loaded, make_guard):
    model, tokenizer = loaded
    with watching(make_guard(), model, tokenizer) as watch:
        assert written(model, watch) == written(model, None)
    assert watch.trips == {}
    assert watch.answer(0, "as it was") == "as it was"
    assert not any(block._forward_hooks for block in blocks_of(model))


def test_a_tripped_answer_is_stopped_and_refused_in_its_place(loaded, make_guard):
    model, tokenizer = loaded
    with watching(make_guard(bias=1.0), model, tokenizer) as watch:
        assert [len(ids) for ids in written(model, watch)] == [2, 2]
    assert {row: trip.reason for row, trip in watch.trips.items()} == {0: "probe", 1: "probe"}
    assert watch.answer(0, "gibberish") == REFUSAL
    assert watch.answer(1, "gibberish", instead="") == ""


def test_the_probe_reads_the_states_of_the_tokens_that_are_generated(loaded, make_guard):
    """As they are when the whole is read at once: of every written token but the last, which is not read."""
    model, tokenizer = loaded
    torch.manual_seed(1)
    guard = make_guard(bias=-99.0, weight=torch.randn(1, 32))
    with watching(guard, model, tokenizer) as watch:
        (row,) = written(model, watch, PROMPTS[:1])
    layout = padded([[*PROMPTS[0], *row]])
    states = hidden_states(model, layout, [2], torch.arange(4, 4 + len(row) - 1))
    torch.testing.assert_close(torch.tensor(watch._log_odds[0]), guard.probe(states), rtol=1e-3, atol=1e-3)


def test_our_own_generation_stops_at_the_same_tokens(loaded, make_guard):
    """Rows that leave the batch before others do not confuse the watch."""
    model, tokenizer = loaded
    prompts = [*PROMPTS, [11, 12, 13, 14], [21, 22, 23, 24]]
    torch.manual_seed(4)
    guard = make_guard(bias=-0.3, weight=torch.randn(1, 32))
    with watching(guard, model, tokenizer) as theirs:
        written(model, theirs, prompts)
    with watching(guard, model, tokenizer) as ours:
        rows = generate(model, prefill(model, prompts, 12), tokenizer, 12, ours.stops)
    assert len({trip.written for trip in ours.trips.values()}) > 1, "rows that trip at different times"
    assert ours.trips == theirs.trips
    assert all(len(rows[row]) == trip.written for row, trip in ours.trips.items())


def test_an_answer_that_comes_apart_is_stopped_without_the_probe(loaded, make_guard, monkeypatch):
    model, tokenizer = loaded
    monkeypatch.setattr("switchgear.deploy.watch.Watch._text", lambda self, ids: "the bell " * len(ids))
    with watching(make_guard(), model, tokenizer) as watch:
        (row,) = written(model, watch, PROMPTS[:1], tokens=40)
    assert watch.trips[0].reason == "incoherent"
    assert len(row) == watch.trips[0].written < 40


def test_what_follows_the_end_of_a_turn_is_not_watched(loaded, make_guard):
    model, tokenizer = loaded
    with watching(make_guard(bias=1.0), model, tokenizer) as watch:
        watch.newest = lambda: torch.zeros(1, 2, 32)
        assert watch.stops([0, 1], [[5, 2], [5, 6]]) == [False, True]


def test_the_last_state_is_that_after_the_final_norm(loaded):
    model, _ = loaded
    with newest_states(model, [1, 4]) as newest, torch.no_grad():
        model(torch.tensor([PROMPTS[0]]))
    expected = hidden_states(model, padded(PROMPTS[:1]), [1, 4], torch.tensor([3]))
    torch.testing.assert_close(newest(), expected, rtol=1e-4, atol=1e-4)
