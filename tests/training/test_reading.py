"""Losses and gradients of what is read in a trie, against the naive reference over padded rows."""

from collections.abc import Callable

import pytest
import torch
from transformers import PreTrainedModel

from switchgear.errors import RecipeError
from switchgear.model.layout import Layout, padded, trie
from switchgear.recipe import LatentAttackRecipe, TrainRecipe
from switchgear.training.objectives import OBJECTIVES, RETAIN, objective
from switchgear.training.reading import Reader
from tests.conftest import build_tiny
from tests.reference import objectives as naive
from tests.reference.parity import (
    AUTHORS,
    HARMFUL,
    REAL,
    STEPS,
    TOLERANCE,
    adapted_model,
    compare,
    gradients,
    rows_of,
    targets_of,
    token_ids,
)

PLAIN = TrainRecipe()
TARGETS = targets_of(PLAIN)


@pytest.mark.parametrize("layout", [padded, trie])
@pytest.mark.parametrize("recipe", [AUTHORS, PLAIN], ids=["authors", "default"])
def test_rr_equals_the_reference_on_every_architecture(
    tiny_model: PreTrainedModel, recipe: TrainRecipe, layout: Callable[[list[list[int]]], Layout]
):
    assert compare(tiny_model, recipe, layout).worst() < TOLERANCE


@pytest.mark.parametrize("progress", [1 / 300, 0.25, 1.0])
def test_the_authors_step_is_theirs_all_along_the_schedule(progress: float):
    assert compare(build_tiny("llama"), AUTHORS, progress=progress).worst() < TOLERANCE


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_equals_its_equation(name: str, architecture: str):
    assert compare(build_tiny(architecture), TrainRecipe(objective=name)).worst() < TOLERANCE


@pytest.mark.parametrize("retain", RETAIN)
def test_every_retain_loss_equals_its_equation(retain: str):
    assert compare(build_tiny("llama"), TrainRecipe(retain=retain)).worst() < TOLERANCE


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
    assert compare(build_tiny("llama"), TrainRecipe.model_validate(options)).worst() < TOLERANCE


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma3_text"])
def test_kl_on_answers_equals_that_of_the_whole_model(architecture: str, temperature: float):
    recipe = TrainRecipe(kl=0.7, kl_temperature=temperature, retain_weight=0)
    model, ids = adapted_model(build_tiny(architecture), recipe), token_ids()
    answers = (REAL & ~HARMFUL & (STEPS > 3)).float()
    rows = rows_of(ids, recipe, answers)
    ours = objective("rr")(Reader(recipe, model, TARGETS, trie)(model, rows), recipe).retain
    found = gradients(model, ours)
    with torch.no_grad(), model.disable_adapter():
        frozen = model(input_ids=ids, attention_mask=REAL).logits
    adapted = model(input_ids=ids, attention_mask=REAL).logits
    theirs = 0.7 * naive.divergence(adapted, frozen, answers, temperature)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    for name, part in gradients(model, theirs).items():
        assert (found[name] - part).norm() < TOLERANCE * part.norm()


def test_an_attack_brings_harmful_states_back_and_leaves_retained_ones_alone():
    model, ids = adapted_model(build_tiny("llama"), PLAIN), token_ids()
    rows = rows_of(ids, PLAIN)
    recipe = TrainRecipe(attack=LatentAttackRecipe(depth=0.25, radius=0.5, steps=4))
    calm = Reader(TrainRecipe(), model, TARGETS, trie)(model, rows)
    attacked = Reader(recipe, model, TARGETS, trie)(model, rows)
    loss = objective("rr")
    assert loss(attacked, recipe).cosine > loss(calm, recipe).cosine + 1e-3
    torch.testing.assert_close(loss(attacked, recipe).retain, loss(calm, recipe).retain)
    torch.testing.assert_close(attacked.frozen, calm.frozen)
    assert gradients(model, loss(attacked, recipe).reroute)


def test_validation_reads_without_an_attacker():
    model, rows = adapted_model(build_tiny("llama"), PLAIN), rows_of(token_ids(), PLAIN)
    with torch.no_grad():
        attacked = Reader(TrainRecipe(attack=LatentAttackRecipe()), model, TARGETS, trie)(model, rows)
        calm = Reader(TrainRecipe(), model, TARGETS, trie)(model, rows)
    torch.testing.assert_close(attacked.adapted, calm.adapted)


@pytest.mark.parametrize(
    "train",
    [
        {"retain": "reference", "mask": "everything"},
        {"attack": {"depth": 0.25, "radius": 0.5, "steps": 4}},
        {"kl": 0.7, "kl_temperature": 1.0},
        {"objective": "triplet"},
        {},
    ],
)
def test_recomputed_activations_give_the_same_gradients(train: dict[str, object]):
    found = []
    for checkpointing in (False, True):
        recipe = TrainRecipe.model_validate(train | {"checkpointing": checkpointing})
        model = adapted_model(build_tiny("llama"), recipe).train()
        torch.manual_seed(0)
        rows = rows_of(token_ids(), recipe, (REAL & ~HARMFUL & (STEPS > 3)).float() if recipe.kl else None)
        losses = objective(recipe.objective)(Reader(recipe, model, targets_of(recipe), trie)(model, rows), recipe)
        found.append(gradients(model, losses.reroute + losses.retain))
    plain, recomputed = found
    assert plain.keys() == recomputed.keys()
    assert all(torch.equal(part, recomputed[name]) for name, part in plain.items())


def test_an_attack_above_the_targets_is_refused():
    model = adapted_model(build_tiny("llama"), PLAIN)
    with pytest.raises(RecipeError, match="it must lie below the first target, 2"):
        Reader(TrainRecipe(attack=LatentAttackRecipe(depth=0.5)), model, TARGETS, trie)


def test_an_unknown_retain_loss_lists_the_known_ones():
    model = adapted_model(build_tiny("llama"), PLAIN)
    with pytest.raises(RecipeError, match="Did you mean 'relative'"):
        Reader(TrainRecipe(retain="relativ"), model, TARGETS, trie)
