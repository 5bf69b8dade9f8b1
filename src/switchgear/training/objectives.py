"""Objectives: pure functions of hidden states and weights. To add one: a function, a line in OBJECTIVES, a test.

Shapes: `state` the hidden states that the objective needs, `token` the tokens that carry loss, `width` model width.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from switchgear.errors import RecipeError, unknown
from switchgear.recipe import TrainRecipe

States = Float[Tensor, "state token width"]
Weights = Float[Tensor, " token"]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Batch:
    """The tokens of one batch that carry loss. A token that several rows share stands once, with their weights summed.

    `reroute` weighs harmful continuation tokens, `retain` the tokens to be kept in place. `targets` are the places,
    among the states that are here, of those that are rerouted. `positions` counts the tokens of the retained rows as if
    they were padded to the longest.
    """

    adapted: States
    frozen: States
    reroute: Weights
    retain: Weights
    targets: list[int]
    positions: int


@dataclass(frozen=True)
class Losses:
    """Both terms, and the mean cosine between adapted and frozen states on the reroute tokens of the target states."""

    reroute: Scalar
    retain: Scalar
    cosine: Scalar


Objective = Callable[[Batch, TrainRecipe], Losses]


def representation_rerouting(batch: Batch, recipe: TrainRecipe) -> Losses:
    """RR: harmful states become orthogonal to the frozen ones, benign states stay (Zou et al. 2024, arXiv 2406.04313).

    `L_s = weighted mean over targets and reroute tokens of relu(cos(h, h0) - margin)`: one global mean, as in the
    authors' code.
    """
    tokens = batch.reroute > 0
    adapted, frozen = batch.adapted[batch.targets][:, tokens], batch.frozen[batch.targets][:, tokens]
    share = batch.reroute[tokens] / batch.reroute.sum() / len(batch.targets)
    cosine = cosine_similarity(adapted, frozen, dim=-1)
    reroute = ((cosine - recipe.margin).relu() * share).sum()
    return Losses(reroute, RETAIN[recipe.retain](batch), (cosine.detach() * share).sum())


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
    """`mean over states 0..last, retained rows and all their positions of ||h - h0||`: the authors' reduction.

    Padding counts as zeros, so the value shrinks with the share of padding, and the embedding is zero. The authors'
    mask is 1 for every real token of a retained row.
    """
    tokens = batch.retain > 0
    distance: Tensor = (batch.adapted[:, tokens] - batch.frozen[:, tokens]).norm(dim=-1)
    return (distance * batch.retain[tokens]).sum() / (len(distance) * batch.positions)


RETAIN: dict[str, Callable[[Batch], Scalar]] = {"relative": retain_relative, "reference": retain_reference}
OBJECTIVES: dict[str, Objective] = {"rr": representation_rerouting}


def objective(name: str) -> Objective:
    """The objective of that name. Raises `RecipeError` listing the known ones."""
    if name not in OBJECTIVES:
        raise RecipeError(unknown("objective", name, OBJECTIVES))
    return OBJECTIVES[name]
