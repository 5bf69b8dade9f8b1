"""Objectives: pure functions of hidden states and masks. To add one: a function, a line in OBJECTIVES, a test.

Shapes: `state` hidden states 0..last, `row` conversations, `position` tokens (padded right), `width` model width.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from switchgear.errors import RecipeError, unknown
from switchgear.recipe import TrainRecipe

States = Float[Tensor, "state row position width"]
Mask = Bool[Tensor, "row position"]
Weights = Float[Tensor, "row position"]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Batch:
    """States of one batch. `reroute` marks harmful continuation tokens, `retain` weighs the tokens to be kept in place.

    `targets` are the indices of the states that are rerouted.
    """

    adapted: States
    frozen: States
    reroute: Mask
    retain: Weights
    targets: list[int]


@dataclass(frozen=True)
class Losses:
    """Both terms, and the mean cosine between adapted and frozen states on the reroute tokens of the target states."""

    reroute: Scalar
    retain: Scalar
    cosine: Scalar


Objective = Callable[[Batch, TrainRecipe], Losses]


def representation_rerouting(batch: Batch, recipe: TrainRecipe) -> Losses:
    """RR: harmful states become orthogonal to the frozen ones, benign states stay (Zou et al. 2024, arXiv 2406.04313).

    `L_s = mean over targets and reroute tokens of relu(cos(h, h0) - margin)`: one global mean, as in the authors' code.
    """
    adapted, frozen = batch.adapted[batch.targets][:, batch.reroute], batch.frozen[batch.targets][:, batch.reroute]
    cosine = cosine_similarity(adapted, frozen, dim=-1)
    return Losses((cosine - recipe.margin).relu().mean(), RETAIN[recipe.retain](batch), cosine.detach().mean())


def retain_relative(batch: Batch) -> Scalar:
    """`mean over targets of the weighted mean over tokens of ||h - h0|| / ||h0||`.

    Norms differ tenfold between models, and attention sinks carry a hundred times the norm of other tokens: dividing
    each token's distance by its frozen norm gives every token of every model the same weight. The states are those that
    are rerouted: nothing above the last of them is adapted, so what the model says depends on that state alone, and a
    mean over all states would hide a large change of it.
    """
    tokens = batch.retain > 0
    adapted, frozen = batch.adapted[batch.targets][:, tokens], batch.frozen[batch.targets][:, tokens]
    distance: Tensor = (adapted - frozen).norm(dim=-1) / frozen.norm(dim=-1)
    weights = batch.retain[tokens]
    return (distance * weights).sum(dim=-1).mean() / weights.sum()


def retain_reference(batch: Batch) -> Scalar:
    """`nanmean over states 0..last, retained rows and all their positions of ||m h - m h0||`: the authors' reduction.

    Padding and the embedding count as zeros, so the value shrinks with the share of padding. m is 1 where a token has
    any weight.
    """
    mask = batch.retain > 0
    rows = mask.any(dim=1)
    distance: Tensor = ((batch.adapted[:, rows] - batch.frozen[:, rows]) * mask[rows, :, None]).norm(dim=-1)
    return distance.nanmean()


RETAIN: dict[str, Callable[[Batch], Scalar]] = {"relative": retain_relative, "reference": retain_reference}
OBJECTIVES: dict[str, Objective] = {"rr": representation_rerouting}


def objective(name: str) -> Objective:
    """The objective of that name. Raises `RecipeError` listing the known ones."""
    if name not in OBJECTIVES:
        raise RecipeError(unknown("objective", name, OBJECTIVES))
    return OBJECTIVES[name]
