"""Losses against numbers worked out by hand. `test_reading` holds them against naive equations, gradients included."""

from dataclasses import replace
from math import log, sqrt
from pathlib import Path

import pytest
import torch

from switchgear.errors import RecipeError
from switchgear.recipe import ObjectiveOptions, TrainRecipe
from switchgear.training.objectives import OBJECTIVES, RETAIN, Batch, Losses, Predictions, objective
from switchgear.training.objectives.rmu import direction

DOCS = Path(__file__).parents[2] / "docs" / "objectives.md"


def two_token_batch() -> Batch:
    """One state beyond the embedding; token 0 is rerouted (cos = 0.6), token 1 retained (moved by 1, frozen norm 2)."""
    frozen = torch.tensor([[[9.0, 9.0], [9.0, 9.0]], [[1.0, 0.0], [0.0, 2.0]]])
    adapted = torch.tensor([[[9.0, 9.0], [9.0, 9.0]], [[3.0, 4.0], [0.0, 3.0]]])
    rows = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    return Batch(adapted, frozen, torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), [1], 2, *rows)


def two_harmful_rows() -> Batch:
    """Tokens of two harmful rows, whose adapted states have cosine 0.6 with each other and 0 with the frozen ones."""
    frozen = torch.tensor([[[0.0, -4.0, 3.0], [0.0, 0.0, 1.0]]])
    adapted = torch.tensor([[[1.0, 0.0, 0.0], [3.0, 4.0, 0.0]]])
    return Batch(adapted, frozen, torch.ones(2), torch.zeros(2), [0], 0, torch.eye(2))


def losses(name: str, batch: Batch, **recipe: object) -> Losses:
    return objective(name)(batch, TrainRecipe.model_validate({"objective": name, **recipe}))


def test_reroute_is_the_cosine_above_the_margin():
    found = losses("rr", two_token_batch(), margin=0.4)
    assert found.cosine.item() == pytest.approx(0.6)
    assert found.reroute.item() == pytest.approx(0.2)


def test_rerouted_below_the_margin_costs_nothing():
    assert losses("rr", two_token_batch(), margin=0.7).reroute.item() == 0


def test_a_token_that_two_rows_share_counts_twice():
    frozen = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    adapted = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])  # cosines 1 and 0
    batch = Batch(adapted, frozen, torch.tensor([2.0, 1.0]), torch.tensor([0.0, 1.0]), [0], positions=1)
    assert losses("rr", batch).reroute.item() == pytest.approx(2 / 3)


def test_centred_cosine_is_of_what_differs_from_the_mean_retained_state():
    found = losses("rr", two_token_batch(), center=True)  # (3, 4) - (0, 2) against (1, 0) - (0, 2): -1 before the relu
    assert found.reroute.item() == 0
    assert found.cosine.item() == pytest.approx(0.6)  # what is watched stays the plain cosine
    turned = replace(two_token_batch(), adapted=torch.tensor([[[9.0, 9.0], [9.0, 9.0]], [[3.0, -2.0], [0.0, 3.0]]]))
    assert losses("rr", turned, center=True).reroute.item() == pytest.approx(11 / (5 * sqrt(5)))


def test_orthogonality_adds_the_cosine_between_harmful_rows():
    batch = two_harmful_rows()
    assert losses("rr", batch, retain_weight=0).reroute.item() == 0
    found = losses("rr_orthogonal", batch, options={"rr_orthogonal_weight": 0.5})
    assert found.reroute.item() == pytest.approx(0.3)


def test_orthogonality_of_a_single_harmful_row_is_rr():
    batch = two_token_batch()
    assert losses("rr_orthogonal", batch).reroute == losses("rr", batch).reroute


def test_rmu_is_the_squared_distance_to_a_scaled_unit_vector():
    u = direction(2)
    assert u.norm().item() == pytest.approx(1)
    found = losses("rmu", two_token_batch(), options={"rmu_scale": 2})
    assert found.reroute.item() == pytest.approx(((3 - 2 * u[0]) ** 2 + (4 - 2 * u[1]) ** 2).item() / 2)


def test_relative_rmu_measures_in_frozen_norms():
    batch = two_token_batch()
    tenfold = replace(batch, adapted=10 * batch.adapted, frozen=10 * batch.frozen)
    options = {"rmu_relative": True, "rmu_scale": 2}
    one, ten = (losses("rmu", each, options=options).reroute.item() for each in (batch, tenfold))
    assert one == pytest.approx(ten)


@pytest.mark.parametrize(("bound", "expected"), [(5, 5 - sqrt(20)), (4, 0)])
def test_repbend_pushes_as_far_as_the_bound(bound: float, expected: float):
    found = losses("repbend", two_token_batch(), options={"repbend_bound": bound})  # moved by sqrt(4 + 16), norm 1
    assert found.reroute.item() == pytest.approx(expected)


def test_repbend_makes_harmful_rows_alike():
    batch = replace(two_harmful_rows(), frozen=torch.full((1, 2, 3), -1e-3))  # far beyond the bound
    found = losses("repbend", batch, options={"repbend_similarity": 0.5})
    assert found.reroute.item() == pytest.approx(0.5 * (1 - 0.6))


def test_x_boundary_adds_the_cosine_with_the_mean_retained_direction():
    found = losses("x_boundary", two_token_batch(), options={"x_boundary_weight": 2})
    assert found.reroute.item() == pytest.approx(0.6 + 2 * 0.8)


def test_refusal_target_is_the_relative_distance_to_the_reminded_states():
    batch = replace(two_token_batch(), reminded=torch.tensor([[[3.0, 0.0], [0.0, 0.0]]]))
    assert losses("refusal_target", batch).reroute.item() == pytest.approx(4 / 3)


def test_refusal_target_without_reminded_states_is_an_error():
    with pytest.raises(ValueError, match=r"Objective\.reminder asks for them"):
        losses("refusal_target", two_token_batch())


def test_triplet_gathers_harmful_rows_and_holds_benign_ones():
    found = losses("triplet", two_token_batch(), options={"triplet_harmful_margin": 5, "triplet_benign_margin": 3})
    away = (sqrt(20) + 0.4) / 2  # of (3, 4) from (1, 0); alone, it is its own mean
    assert found.reroute.item() == pytest.approx(5 - away)
    stayed, between = (1 / 2 + 0) / 2, (sqrt(10) / 2 + 1 - 0.8) / 2  # (0, 3) from (0, 2), and from (3, 4)
    assert found.retain.item() == pytest.approx(stayed - between + 3)


def test_relative_retain_divides_by_the_frozen_norm():
    assert losses("rr", two_token_batch()).retain.item() == pytest.approx(0.5)


def test_relative_retain_is_a_weighted_mean():
    heavy = replace(two_token_batch(), retain=torch.tensor([3.0, 1.0]))
    moved = 20**0.5  # of token 0, whose frozen norm is 1
    assert losses("rr", heavy).retain.item() == pytest.approx((3 * moved + 0.5) / 4)


@pytest.mark.parametrize(
    ("retain", "expected"),
    [
        ("relative_squared", 1 / 4),
        ("squared", 1 / 2),
        ("reference", 1 / 4),  # a distance of 1 over 2 states x 2 positions: the embedding and padding are zeros
    ],
)
def test_retain_losses(retain: str, expected: float):
    assert losses("rr", two_token_batch(), retain=retain).retain.item() == pytest.approx(expected)
    assert losses("rr", two_token_batch(), retain=retain, retain_weight=3).retain.item() == pytest.approx(3 * expected)


def test_the_squared_loss_is_flat_where_nothing_has_moved_and_the_norm_is_not():
    def pull(retain: str) -> float:
        batch = two_token_batch()
        near = (batch.frozen + 1e-4).requires_grad_()
        losses("rr", replace(batch, adapted=near), retain=retain).retain.backward()
        return near.grad.norm().item()

    assert pull("relative") == pytest.approx(0.5, rel=1e-3)
    assert pull("relative_squared") < 1e-3


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_kl_is_added_to_the_retain_loss(temperature: float):
    frozen, adapted = torch.tensor([[0.5, 0.5]] * 2).log(), torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    batch = replace(two_token_batch(), predictions=Predictions(adapted, frozen, torch.tensor([1.0, 3.0])))
    q = 0.25 ** (1 / temperature), 0.75 ** (1 / temperature)
    each = sum(0.5 * log(0.5 / (part / sum(q))) for part in q)
    found = losses("rr", batch, kl=0.1, kl_temperature=temperature)
    assert found.retain.item() == pytest.approx(0.5 + 0.1 * temperature**2 * each * 3 / 4)


def test_an_unknown_objective_lists_the_known_ones():
    with pytest.raises(RecipeError, match=r"Unknown objective 'rrr'.*Did you mean 'rr'"):
        objective("rrr")


@pytest.mark.parametrize("name", [*OBJECTIVES, *RETAIN])
def test_every_objective_and_retain_loss_has_its_section_in_the_docs(name: str):
    assert f"### `{name}`" in DOCS.read_text(encoding="utf-8")


def test_every_option_belongs_to_an_objective():
    for field in ObjectiveOptions.model_fields:
        assert any(field.startswith(f"{name}_") for name in OBJECTIVES)
        assert f"`{field}`" in DOCS.read_text(encoding="utf-8")
