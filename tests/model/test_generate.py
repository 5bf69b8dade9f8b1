"""Generation against a naive loop that reads everything again for every token, row by row, without a cache."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from switchgear.model.generate import generate, log_likelihoods, prefill
from tests.conftest import build_tiny

CONTEXTS = [[5, 9, 11], [40, 41, 42, 43, 44, 45, 46], [7, 8], [100, 3, 250, 17, 18]]
OPENING = [60, 61, 62]
PAD = 0
NEVER = 299
"""An end-of-turn token that these random models do not write."""


def ending_with(token: int) -> PreTrainedTokenizerFast:
    """A tokenizer whose end-of-turn token is `token`."""
    words = models.WordLevel({str(index): index for index in range(300)}, unk_token="0")
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), eos_token=str(token))


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    made = build_tiny("llama")
    with torch.no_grad():
        made.get_output_embeddings().weight.mul_(20)  # so that no two logits are close
    made.generation_config.eos_token_id = None
    return made


@torch.no_grad()
def naive(model: PreTrainedModel, context: Sequence[int], count: int) -> list[int]:
    ids = list(context)
    for _ in range(count):
        ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(context) :]


@torch.no_grad()
def naive_log_likelihood(model: PreTrainedModel, context: list[int], continuation: list[int]) -> torch.Tensor:
    logs = model(torch.tensor([context + continuation])).logits[0].log_softmax(-1)
    return logs[len(context) - 1 : -1].gather(-1, torch.tensor(continuation)[:, None])[:, 0]


@pytest.mark.parametrize("opening", [[], OPENING])
def test_padded_rows_from_a_shared_prefix_equal_the_naive_loop(model: PreTrainedModel, opening: list[int]):
    prefix = prefill(model, CONTEXTS, PAD)
    found = generate(model, prefix, ending_with(NEVER), [opening] * 4, max_new_tokens=12)
    assert found == [naive(model, context + opening, 12) for context in CONTEXTS]


def test_every_row_has_an_opening_of_its_own(model: PreTrainedModel):
    openings = [[60, 61, 62], [63, 64, 65], [60, 61, 62], [9, 9, 9]]
    found = generate(model, prefill(model, CONTEXTS, PAD), ending_with(NEVER), openings, 12)
    assert found == [naive(model, context + given, 12) for context, given in zip(CONTEXTS, openings, strict=True)]


@pytest.mark.parametrize("openings", [[OPENING] * 2, [OPENING, OPENING, OPENING, [60]]])
def test_openings_that_do_not_fit_the_rows_are_refused(model: PreTrainedModel, openings: list[list[int]]):
    with pytest.raises((RuntimeError, ValueError)):
        generate(model, prefill(model, CONTEXTS, PAD), ending_with(NEVER), openings, 1)


def test_selected_rows_go_on_as_if_they_had_been_read_alone(tiny_model: PreTrainedModel):
    contexts = [*CONTEXTS, list(range(3, 103))]  # longer than a sliding window
    chosen = prefill(tiny_model, contexts, PAD).select([4, 1, 1])
    found = log_likelihoods(tiny_model, chosen, [OPENING, [9, 200], OPENING])
    for logs, row, continuation in zip(found, (4, 1, 1), ([60, 61, 62], [9, 200], [60, 61, 62]), strict=True):
        expected = naive_log_likelihood(tiny_model, contexts[row], continuation)
        torch.testing.assert_close(logs, expected, rtol=1e-4, atol=1e-4)


def test_every_architecture_equals_the_naive_loop(tiny_model: PreTrainedModel):
    tiny_model.generation_config.eos_token_id = None
    contexts = [*CONTEXTS, list(range(3, 103))]  # longer than a sliding window
    found = generate(tiny_model, prefill(tiny_model, contexts, PAD), ending_with(NEVER), [OPENING] * 5, 6)
    for row, context in zip(found, contexts, strict=True):
        given = torch.tensor([context + OPENING + row])
        logits = tiny_model(given).logits[0, len(context + OPENING) - 1 : -1]
        chosen = logits.gather(-1, torch.tensor(row)[:, None])[:, 0]
        torch.testing.assert_close(chosen, logits.max(-1).values, rtol=0, atol=1e-4)  # the best, ties aside


def test_a_row_stops_at_its_end_of_turn_while_others_go_on(model: PreTrainedModel):
    whole = [naive(model, context, 12) for context in CONTEXTS]
    end = whole[1][4]
    found = generate(model, prefill(model, CONTEXTS, PAD), ending_with(end), [[]] * 4, max_new_tokens=12)
    assert found == [row[: row.index(end) + 1] if end in row else row for row in whole]
    assert found[1][-1] == end


@pytest.mark.parametrize("as_list", [True, False])
def test_any_of_several_end_tokens_stops(model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch, as_list: bool):
    whole = naive(model, CONTEXTS[0], 12)
    first, second = whole[2], whole[5]
    ends = [first, second] if as_list else first
    monkeypatch.setattr(model, "generation_config", SimpleNamespace(eos_token_id=ends))
    found = generate(model, prefill(model, CONTEXTS[:1], PAD), ending_with(second), [[]], max_new_tokens=12)[0]
    stop = min(whole.index(first), whole.index(second))
    assert found == whole[: stop + 1]


def test_nothing_is_computed_after_the_last_row_has_stopped(model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch):
    end = naive(model, CONTEXTS[0], 1)[0]
    prefix = prefill(model, CONTEXTS[:1], PAD)
    calls = []
    real = model.forward
    monkeypatch.setattr(model, "forward", lambda **given: calls.append(1) or real(**given))
    assert generate(model, prefix, ending_with(end), [[]], max_new_tokens=12) == [[end]]
    assert len(calls) == 1


def test_log_likelihoods_equal_the_log_softmax_of_one_full_forward(model: PreTrainedModel):
    continuations = [[9, 200, 4, 77], [1], [250, 251, 3], [12, 13, 14, 15, 16, 17]]
    found = log_likelihoods(model, prefill(model, CONTEXTS, PAD), continuations)
    for logs, context, continuation in zip(found, CONTEXTS, continuations, strict=True):
        torch.testing.assert_close(logs, naive_log_likelihood(model, context, continuation), rtol=1e-4, atol=1e-4)


def test_a_branch_leaves_the_prefix_as_it_was(model: PreTrainedModel):
    prefix = prefill(model, CONTEXTS, PAD)
    before = [layer.keys.clone() for layer in prefix.cache.layers]
    first = generate(model, prefix, ending_with(NEVER), [OPENING] * 4, 8)
    log_likelihoods(model, prefix, [[9, 9]] * len(CONTEXTS))
    generate(model, prefix.select([2, 0]), ending_with(NEVER), [[], []], 8)
    assert prefix.cache.get_seq_length() == max(map(len, CONTEXTS)) - 1
    for layer, keys in zip(prefix.cache.layers, before, strict=True):
        torch.testing.assert_close(layer.keys, keys, rtol=0, atol=0)
    assert generate(model, prefix, ending_with(NEVER), [OPENING] * 4, 8) == first
