"""Losses against worked numbers, and losses and gradients against the naive reference on every architecture."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import PreTrainedModel

from switchgear.errors import RecipeError
from switchgear.model.hidden_states import both_states
from switchgear.model.layout import Layout, padded, trie
from switchgear.model.load import add_adapter
from switchgear.recipe import LoraRecipe, TrainRecipe
from switchgear.training.batches import Row, weights
from switchgear.training.objectives import Batch, objective, representation_rerouting

LAST = 3
TARGETS = [1, LAST]

spec = importlib.util.spec_from_file_location("reference", Path(__file__).parents[1] / "reference" / "rerouting.py")
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)


def two_token_batch() -> Batch:
    """One state beyond the embedding; token 0 is rerouted (cos = 0.6), token 1 retained (moved by 1, frozen norm 2)."""
    frozen = torch.tensor([[[9.0, 9.0], [9.0, 9.0]], [[1.0, 0.0], [0.0, 2.0]]])
    adapted = torch.tensor([[[9.0, 9.0], [9.0, 9.0]], [[3.0, 4.0], [0.0, 3.0]]])
    return Batch(adapted, frozen, torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), [1], positions=2)


def test_reroute_is_the_cosine_above_the_margin():
    losses = representation_rerouting(two_token_batch(), TrainRecipe(margin=0.4))
    assert losses.cosine.item() == pytest.approx(0.6)
    assert losses.reroute.item() == pytest.approx(0.2)


def test_relative_retain_divides_by_the_frozen_norm():
    assert representation_rerouting(two_token_batch(), TrainRecipe()).retain.item() == pytest.approx(0.5)


def test_relative_retain_is_a_weighted_mean():
    batch = two_token_batch()
    heavy = replace(batch, retain=torch.tensor([3.0, 1.0]))
    moved = 20**0.5  # of token 0, whose frozen norm is 1
    assert representation_rerouting(heavy, TrainRecipe()).retain.item() == pytest.approx((3 * moved + 0.5) / 4)


def test_reference_retain_counts_the_embedding_and_unmasked_positions_as_zeros():
    losses = representation_rerouting(two_token_batch(), TrainRecipe(retain="reference"))
    assert losses.retain.item() == pytest.approx(1 / 4)  # a distance of 1 over 2 states x 2 positions


def test_a_token_that_two_rows_share_counts_twice():
    frozen = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    adapted = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])  # cosines 1 and 0
    batch = Batch(adapted, frozen, torch.tensor([2.0, 1.0]), torch.tensor([0.0, 1.0]), [0], positions=1)
    assert representation_rerouting(batch, TrainRecipe()).reroute.item() == pytest.approx(2 / 3)


def test_rerouted_below_the_margin_costs_nothing():
    assert representation_rerouting(two_token_batch(), TrainRecipe(margin=0.7)).reroute.item() == 0


def batch_of(model: PeftModel, rows: list[Row], layout: Callable[[list[list[int]]], Layout]) -> Batch:
    """All states of all tokens, those without weight too."""
    laid = layout([row.ids for row in rows])
    tokens = torch.tensor(sorted({place for places in laid.places for place in places}))
    reroute, retain = weights(rows, laid)
    adapted, frozen = both_states(model, laid, list(range(LAST + 1)), tokens)
    positions = 2 * max(len(row.ids) for row in rows if any(row.retain))
    return Batch(adapted, frozen, reroute[tokens], retain[tokens], TARGETS, positions)


@pytest.mark.parametrize("layout", [padded, trie])
@pytest.mark.parametrize("retain", ["reference", "relative"])
def test_losses_and_gradients_equal_the_reference(
    tiny_model: PreTrainedModel, retain: str, layout: Callable[[list[list[int]]], Layout]
):
    """Three rows, of which the harmful one shares its first five tokens with a retained one."""
    model = add_adapter(tiny_model, LoraRecipe(initial_b=0.05), layers=LAST)
    ids = torch.randint(3, 300, (3, 12))
    ids[1, :5] = ids[0, :5]
    length = torch.tensor([[12], [7], [9]])
    real = torch.arange(12) < length
    harmful = torch.tensor([[True], [False], [False]])
    reroute, mask = real & harmful & (torch.arange(12) > 4), real & ~harmful

    shares = mask * (torch.linspace(0.5, 1, 12) if retain == "relative" else torch.ones(12))
    rows = [
        Row(ids[row, :size].tolist(), reroute[row, :size].float().tolist(), shares[row, :size].tolist())
        for row, size in enumerate(length[:, 0].tolist())
    ]
    losses = representation_rerouting(batch_of(model, rows, layout), TrainRecipe(retain=retain))
    (losses.reroute + losses.retain).backward()
    gradients = {name: part.grad.clone() for name, part in model.named_parameters() if part.requires_grad}

    model.zero_grad()
    with torch.no_grad(), model.disable_adapter():
        naive_frozen = reference.hidden_states(model, ids, real, LAST)
    naive_adapted = reference.hidden_states(model, ids, real, LAST)
    naive_reroute = reference.reroute_loss(naive_adapted, naive_frozen, reroute, TARGETS, margin=0)
    if retain == "relative":
        naive_retain = reference.retain_relative(naive_adapted, naive_frozen, shares, TARGETS)
    else:
        benign = slice(1, None), slice(0, 9)  # a batch of its own, padded to its longest row
        states = [[state[benign] for state in states] for states in (naive_adapted, naive_frozen)]
        naive_retain = reference.retain_reference(*states, mask[benign])
    (naive_reroute + naive_retain).backward()

    torch.testing.assert_close(losses.reroute, naive_reroute, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(losses.retain, naive_retain, rtol=1e-5, atol=1e-6)
    for name, part in model.named_parameters():
        if part.requires_grad:
            torch.testing.assert_close(gradients[name], part.grad, rtol=1e-3, atol=1e-5 * part.grad.abs().max().item())


def test_an_unknown_objective_lists_the_known_ones():
    with pytest.raises(RecipeError, match=r"Unknown objective 'rrr'.*Did you mean 'rr'"):
        objective("rrr")
