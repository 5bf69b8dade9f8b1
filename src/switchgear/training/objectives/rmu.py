"""RMU: harmful states become one random vector (Li et al. 2024, arXiv 2403.03218)."""

import torch
from jaxtyping import Float
from torch import Tensor

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar

SEED = 0


def rmu(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`weighted mean over targets, reroute tokens and width of (h - c u)^2`, `u` a random unit vector.

    With `rmu_relative`, `||h - c ||h0|| u||^2 / ||h0||^2`: the vector grows with each token's own norm, as in adaptive
    RMU (Dang et al. 2024, arXiv 2408.06223), and so does what the distance is measured in.
    """
    adapted, frozen, share = batch.rerouted()
    vector = recipe.options.rmu_scale * direction(adapted.shape[-1]).to(adapted)
    if recipe.options.rmu_relative:
        each: Tensor = (adapted / frozen.norm(dim=-1, keepdim=True) - vector).square().sum(dim=-1)
    else:
        each = (adapted - vector).square().mean(dim=-1)
    loss: Scalar = (each * share).sum()
    return loss


def direction(width: int) -> Float[Tensor, " width"]:
    """The same in every run: uniform in [0, 1) along each axis, as the authors', scaled to length 1."""
    drawn = torch.rand(width, generator=torch.Generator().manual_seed(SEED))
    unit: Tensor = drawn / drawn.norm()
    return unit
