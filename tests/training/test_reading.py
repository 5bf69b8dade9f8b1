"""Losses and gradients of what is read in a trie, against the naive reference over padded rows."""

from collections.abc import Callable

import pytest
import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from switchgear.errors import RecipeError
from switchgear.model.layout import Layout, padded, trie
from switchgear.model.load import add_adapter
from switchgear.recipe import AttackRecipe, LoraRecipe, TrainRecipe
from switchgear.training.batches import Reminded, Row
from switchgear.training.objectives import OBJECTIVES, RETAIN, objective
from switchgear.training.reading import Reader
from tests.conftest import build_tiny
from tests.reference import objectives as naive
from tests.reference import rerouting

LAST = 3
TARGETS = [2, LAST]
STEPS = torch.arange(12)
LENGTHS = torch.tensor([[12], [10], [7], [9]])
REAL = STEPS < LENGTHS
HARMFUL = torch.tensor([[True], [True], [False], [False]])
REROUTE = (REAL & HARMFUL & (STEPS > 5)).float()
REMINDER = [298, 299]


def token_ids() -> Tensor:
    """Two harmful rows and two retained ones; row 2 begins as row 0 does."""
    ids = torch.randint(3, 290, (4, 12), generator=torch.Generator().manual_seed(1))
    ids[2, :5] = ids[0, :5]
    return ids


def retain_weights(retain: str) -> Tensor:
    if retain == "reference":
        return (REAL & ~HARMFUL).float()
    return REAL * torch.where(HARMFUL, STEPS < 6, torch.linspace(0.5, 1, 12))


def rows_of(ids: Tensor, retain: Tensor, answers: Tensor | None = None) -> list[Row]:
    return [
        Row(
            ids[row, :size].tolist(),
            REROUTE[row, :size].tolist(),
            retain[row, :size].tolist(),
            answers=[] if answers is None else answers[row, :size].tolist(),
            reminded=Reminded([*REMINDER, *ids[row, :size].tolist()], len(REMINDER)) if HARMFUL[row] else None,
        )
        for row, size in enumerate(LENGTHS[:, 0].tolist())
    ]


def adapted_model(base: PreTrainedModel) -> PeftModel:
    """B is far from 0, where gradients are rounding noise."""
    torch.manual_seed(0)
    return add_adapter(base, LoraRecipe(initial_b=0.05), layers=LAST)


def gradients(model: PeftModel, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: part.grad.clone() for name, part in model.named_parameters() if part.grad is not None}


def assert_equal(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, part in theirs.items():
        torch.testing.assert_close(ours[name], part, rtol=1e-3, atol=1e-5 * part.abs().max().item())


def reference_of(model: PeftModel, ids: Tensor, retain: Tensor, recipe: TrainRecipe) -> naive.Reference:
    reminded = torch.cat([torch.tensor(REMINDER).expand(4, 2), ids], dim=1)
    real = torch.cat([torch.ones(4, 2, dtype=torch.bool), REAL], dim=1)
    with torch.no_grad(), model.disable_adapter():
        frozen = rerouting.hidden_states(model, ids, REAL, LAST)
        targets = rerouting.hidden_states(model, reminded, real, LAST)
    adapted = rerouting.hidden_states(model, ids, REAL, LAST)
    made = naive.Reference(adapted, frozen, REROUTE, retain, TARGETS, recipe)
    made.reminded = [state[:, len(REMINDER) :] for state in targets]
    return made


def retained(reference: naive.Reference) -> Tensor:
    if reference.recipe.retain != "reference":
        return getattr(reference, reference.recipe.retain)()
    benign = slice(2, None), slice(0, 9)  # a batch of its own, padded to its longest row
    states = [[state[benign] for state in states] for states in (reference.adapted, reference.frozen)]
    return rerouting.retain_reference(*states, reference.retain[benign])


def compare(base: PreTrainedModel, recipe: TrainRecipe, layout: Callable[[list[list[int]]], Layout] = trie) -> None:
    model, ids, weights = adapted_model(base), token_ids(), retain_weights(recipe.retain)
    losses = objective(recipe.objective)(Reader(recipe, model, TARGETS, layout)(model, rows_of(ids, weights)), recipe)
    ours = gradients(model, losses.reroute + losses.retain)
    reference = reference_of(model, ids, weights, recipe)
    reroute = getattr(reference, recipe.objective)()
    retain = reference.triplet_retain() if recipe.objective == "triplet" else retained(reference)
    torch.testing.assert_close(losses.reroute, reroute, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(losses.retain, retain, rtol=1e-5, atol=1e-6)
    assert_equal(ours, gradients(model, reroute + retain))


@pytest.mark.parametrize("layout", [padded, trie])
@pytest.mark.parametrize("retain", ["reference", "relative"])
def test_rr_equals_the_reference_on_every_architecture(
    tiny_model: PreTrainedModel, retain: str, layout: Callable[[list[list[int]]], Layout]
):
    compare(tiny_model, TrainRecipe(retain=retain), layout)


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_equals_its_equation(name: str, architecture: str):
    compare(build_tiny(architecture), TrainRecipe(objective=name))


@pytest.mark.parametrize("retain", RETAIN)
def test_every_retain_loss_equals_its_equation(retain: str):
    compare(build_tiny("llama"), TrainRecipe(retain=retain))


@pytest.mark.parametrize(
    "options",
    [
        {"center": True},
        {"margin": 0.4},
        {"objective": "rmu", "options": {"rmu_relative": True, "rmu_scale": 2}},
        {"objective": "triplet", "options": {"triplet_harmful_margin": 0.1, "triplet_benign_margin": 0.1}},
    ],
)
def test_options_equal_their_equations(options: dict[str, object]):
    compare(build_tiny("llama"), TrainRecipe.model_validate(options))


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma3_text"])
def test_kl_on_answers_equals_that_of_the_whole_model(architecture: str, temperature: float):
    recipe = TrainRecipe(kl=0.7, kl_temperature=temperature, retain_weight=0)
    model, ids = adapted_model(build_tiny(architecture)), token_ids()
    answers = (REAL & ~HARMFUL & (STEPS > 3)).float()
    rows = rows_of(ids, retain_weights("relative"), answers)
    ours = objective("rr")(Reader(recipe, model, TARGETS, trie)(model, rows), recipe).retain
    found = gradients(model, ours)
    with torch.no_grad(), model.disable_adapter():
        frozen = model(input_ids=ids, attention_mask=REAL).logits
    adapted = model(input_ids=ids, attention_mask=REAL).logits
    theirs = 0.7 * naive.divergence(adapted, frozen, answers, temperature)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert_equal(found, gradients(model, theirs))


def test_an_attack_brings_harmful_states_back_and_leaves_retained_ones_alone():
    model, ids = adapted_model(build_tiny("llama")), token_ids()
    rows = rows_of(ids, retain_weights("relative"))
    recipe = TrainRecipe(attack=AttackRecipe(depth=0.25, radius=0.5, steps=4))
    calm = Reader(TrainRecipe(), model, TARGETS, trie)(model, rows)
    attacked = Reader(recipe, model, TARGETS, trie)(model, rows)
    loss = objective("rr")
    assert loss(attacked, recipe).cosine > loss(calm, recipe).cosine + 1e-3
    torch.testing.assert_close(loss(attacked, recipe).retain, loss(calm, recipe).retain)
    torch.testing.assert_close(attacked.frozen, calm.frozen)
    assert gradients(model, loss(attacked, recipe).reroute)


def test_validation_reads_without_an_attacker():
    model, rows = adapted_model(build_tiny("llama")), rows_of(token_ids(), retain_weights("relative"))
    with torch.no_grad():
        attacked = Reader(TrainRecipe(attack=AttackRecipe()), model, TARGETS, trie)(model, rows)
        calm = Reader(TrainRecipe(), model, TARGETS, trie)(model, rows)
    torch.testing.assert_close(attacked.adapted, calm.adapted)


def test_an_attack_above_the_targets_is_refused():
    model = adapted_model(build_tiny("llama"))
    with pytest.raises(RecipeError, match="it must lie below the first target, 2"):
        Reader(TrainRecipe(attack=AttackRecipe(depth=0.5)), model, TARGETS, trie)


def test_an_unknown_retain_loss_lists_the_known_ones():
    model = adapted_model(build_tiny("llama"))
    with pytest.raises(RecipeError, match="Did you mean 'relative'"):
        Reader(TrainRecipe(retain="relativ"), model, TARGETS, trie)
