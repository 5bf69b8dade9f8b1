"""Triplet: harmful rows gather away from where they were, benign rows stay and keep off (RRFA, memo-ozdincer/RRFA).

Of each row, the mean state over its tokens is compared. `m` is the mean over the harmful rows of the adapted ones.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Pooled, Scalar
from switchgear.training.objectives.retain import with_divergence


def harmful_triplet(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`mean over targets and harmful rows of relu(d(p, m) - d(p, p0) + margin)`."""
    adapted, frozen = batch.pooled(batch.harmful_rows)
    gathered = adapted.mean(dim=1, keepdim=True)
    gap = _distance(adapted, gathered, frozen) - _distance(adapted, frozen, frozen)
    return (gap + recipe.options.triplet_harmful_margin).relu().mean()


def benign_triplet(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`mean over targets and retained rows of relu(d(p, p0) - d(p, m) + margin)`, in place of the recipe's `retain`."""
    gathered = batch.pooled(batch.harmful_rows)[0].mean(dim=1, keepdim=True)
    adapted, frozen = batch.pooled(batch.retained_rows)
    gap = _distance(adapted, frozen, frozen) - _distance(adapted, gathered, frozen)
    loss = (gap + recipe.options.triplet_benign_margin).relu().mean()
    return with_divergence(recipe.retain_weight * loss, batch, recipe)


def _distance(one: Pooled, other: Float[Tensor, "state _ width"], frozen: Pooled) -> Float[Tensor, "state row"]:
    """`(||a - b|| / ||p0|| + 1 - cos(a, b)) / 2`. The authors' mixes the two without the frozen norm `||p0||`, so that
    its margins hold for one model only."""
    apart: Tensor = (one - other).norm(dim=-1) / frozen.norm(dim=-1)
    return (apart + 1 - cosine_similarity(one, other, dim=-1)) / 2
