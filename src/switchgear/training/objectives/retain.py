"""How far retained states have moved. To add a measure: a function, a line in RETAIN, a test."""

from collections.abc import Callable

import torch

from switchgear.errors import RecipeError, unknown
from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar
from switchgear.training.objectives.divergence import divergence


def relative(batch: Batch) -> Scalar:
    """`mean over targets of the weighted mean over tokens of ||h - h0|| / ||h0||`.

    Norms differ tenfold between models, and attention sinks carry a hundred times the norm of other tokens: dividing
    each token's distance by its frozen norm gives every token of every model the same weight. The states are those that
    are rerouted: nothing above the last of them is adapted, so what the model says depends on that state alone, and a
    mean over all states would hide a large change of it.
    """
    adapted, frozen, share = batch.kept()
    loss: Scalar = ((adapted - frozen).norm(dim=-1) / frozen.norm(dim=-1) * share).sum()
    return loss


def relative_squared(batch: Batch) -> Scalar:
    """The same of `||h - h0||^2 / ||h0||^2`.

    The gradient of a norm has the same length however small the norm is: it holds benign states where they are before
    anything has moved, and a heavy weight keeps rerouting from ever beginning. The square is flat at 0.
    """
    adapted, frozen, share = batch.kept()
    return ((adapted - frozen).square().sum(dim=-1) / frozen.square().sum(dim=-1) * share).sum()


def squared(batch: Batch) -> Scalar:
    """`mean over targets, tokens and width of (h - h0)^2`: RMU's."""
    adapted, frozen, share = batch.kept()
    return ((adapted - frozen).square().mean(dim=-1) * share).sum()


def reference(batch: Batch) -> Scalar:
    """`mean over states 0..last + 1, retained rows and all their positions of ||h - h0||`: that of RR's authors.

    Their model ends one block above the last target, so that the last state comes after the final norm. Padding counts
    as zeros, so the value shrinks with the share of padding, and the embedding is zero. The authors' mask is 1 for
    every real token of a retained row.
    """
    tokens = batch.retain > 0
    pairs = zip(batch.adapted, batch.frozen, strict=True)  # one state at a time, since there are many
    distance = torch.stack([(adapted[tokens] - frozen[tokens]).norm(dim=-1) for adapted, frozen in pairs])
    total: Scalar = (distance * batch.retain[tokens]).sum()
    return total / (len(distance) * batch.positions)


RETAIN: dict[str, Callable[[Batch], Scalar]] = {
    "relative": relative,
    "relative_squared": relative_squared,
    "squared": squared,
    "reference": reference,
}
ALL_STATES = {"reference"}
"""Those that look at every state up to one above the last target, not at the targets alone."""


def retain_loss(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """The measure that the recipe names, times its weight, and the KL term. Raises `RecipeError` for an unknown one."""
    if recipe.retain not in RETAIN:
        raise RecipeError(unknown("retain loss", recipe.retain, RETAIN))
    return with_divergence(recipe.retain_weight * RETAIN[recipe.retain](batch), batch, recipe)


def with_divergence(loss: Scalar, batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`loss` and the KL term, if the batch holds predictions."""
    if batch.predictions is None:
        return loss
    return loss + recipe.kl * divergence(batch.predictions, recipe.kl_temperature)
