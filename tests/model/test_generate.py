"""Generation against a naive loop that reads everything again for every token, row by row, without a cache."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from switchgear.model.generate import generate, log_likelihoods
from switchgear.model.prefix_cache import prefill
from tests.conftest import build_tiny

CONTEXTS = [[5, 9, 11], [40, 41, 42, 43, 44, 45, 46], [7, 8], [100, 3, 250, 17, 18]]
FORKED = [[40, 41, 42, 43, 60], [40, 41, 42, 43, 44, 45, 46, 61, 62], [40, 41, 9], [5, 9], [40, 41, 42, 43, 44, 45, 46]]
"""These begin like one of the contexts, and one is equal to it."""
LONG = list(range(3, 103))  # longer than a sliding window
NEVER = 299
"""An end-of-turn token that these random models do not write."""


def ending_with(token: int) -> PreTrainedTokenizerFast:
    """A tokenizer whose end-of-turn token is `token`."""
    words = models.WordLevel({str(index): index for index in range(300)}, unk_token="0")
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), eos_token=str(token))


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    made = build_tiny(request.param)
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


def greedy(model: PreTrainedModel, contexts: list[list[int]], end: int = NEVER, most: int = 12) -> list[list[int]]:
    return generate(model, prefill(model, contexts, most), ending_with(end), most)


@pytest.mark.parametrize("contexts", [CONTEXTS, CONTEXTS[1:2], CONTEXTS + FORKED, [*FORKED, LONG, [*LONG, 7]]])
def test_rows_of_one_cache_equal_the_naive_loop(model: PreTrainedModel, contexts: list[list[int]]):
    assert greedy(model, contexts) == [naive(model, context, 12) for context in contexts]


def test_every_architecture_equals_the_naive_loop(tiny_model: PreTrainedModel):
    tiny_model.generation_config.eos_token_id = None
    contexts = [*CONTEXTS, *FORKED, LONG, [*LONG, 7]]
    for row, context in zip(greedy(tiny_model, contexts, most=6), contexts, strict=True):
        logits = tiny_model(torch.tensor([context + row])).logits[0, len(context) - 1 : -1]
        chosen = logits.gather(-1, torch.tensor(row)[:, None])[:, 0]
        torch.testing.assert_close(chosen, logits.max(-1).values, rtol=0, atol=1e-4)  # the best, ties aside


@pytest.mark.parametrize("contexts", [CONTEXTS, CONTEXTS + FORKED])
def test_rows_stop_at_their_end_of_turn_while_others_go_on(model: PreTrainedModel, contexts: list[list[int]]):
    whole = [naive(model, context, 12) for context in contexts]
    for place in (1, 4, 9):
        end = whole[1][place]
        found = greedy(model, contexts, end)
        assert found == [row[: row.index(end) + 1] if end in row else row for row in whole]
        assert found[1][-1] == end


@pytest.mark.parametrize("as_list", [True, False])
def test_any_of_several_end_tokens_stops(model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch, as_list: bool):
    whole = naive(model, CONTEXTS[0], 12)
    first, second = whole[2], whole[5]
    ends = [first, second] if as_list else first
    monkeypatch.setattr(model, "generation_config", SimpleNamespace(eos_token_id=ends))
    stop = min(whole.index(first), whole.index(second))
    assert greedy(model, CONTEXTS[:1], second) == [whole[: stop + 1]]


def test_ended_rows_leave_the_batch_and_nothing_is_computed_after_the_last(
    model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
):
    end = naive(model, CONTEXTS[0], 1)[0]
    contexts = [CONTEXTS[0]] * 3 + [CONTEXTS[1]]
    longer = naive(model, CONTEXTS[1], 6)
    prefix = prefill(model, contexts, 6)
    rows = []
    real = model.forward
    monkeypatch.setattr(model, "forward", lambda **given: rows.append(len(given["input_ids"])) or real(**given))
    assert end not in longer
    assert generate(model, prefix, ending_with(end), 6) == [[end]] * 3 + [longer]
    assert rows == [4, 1, 1, 1, 1, 1]
    assert generate(model, prefix.first(3), ending_with(end), 6) == [[end]] * 3
    assert rows[6:] == [3]


def test_log_likelihoods_equal_the_log_softmax_of_one_full_forward(tiny_model: PreTrainedModel):
    contexts = [*CONTEXTS, *FORKED, LONG, [*LONG, 7]]
    continuations = [[9, 200, 4, 77], [1], [250, 251, 3], [12, 13, 14, 15, 16, 17]]
    rows = [4, 1, 1, 10]
    found = log_likelihoods(tiny_model, prefill(tiny_model, contexts, 0).select(rows, 6), continuations)
    for logs, row, continuation in zip(found, rows, continuations, strict=True):
        expected = naive_log_likelihood(tiny_model, contexts[row], continuation)
        torch.testing.assert_close(logs, expected, rtol=1e-4, atol=1e-4)


def test_a_branch_leaves_the_prefix_as_it_was(model: PreTrainedModel):
    prefix = prefill(model, CONTEXTS, 8)
    first = generate(model, prefix, ending_with(NEVER), 8)
    log_likelihoods(model, prefix, [[9, 9]] * len(CONTEXTS))
    generate(model, prefix.select([2, 0], 8), ending_with(NEVER), 8)
    assert generate(model, prefix, ending_with(NEVER), 8) == first


def test_more_tokens_than_there_is_room_for_are_an_error(model: PreTrainedModel):
    with pytest.raises(RuntimeError, match="exceeds dimension size"):
        generate(model, prefill(model, CONTEXTS, 3), ending_with(NEVER), 5)
