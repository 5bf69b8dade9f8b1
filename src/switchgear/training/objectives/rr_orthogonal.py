"""RR, and harmful examples orthogonal to each other (EleutherAI/unlearn, `orth_circuit_breakers.py`)."""

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar, between_rows
from switchgear.training.objectives.rr import rr


def rr_orthogonal(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`RR + weight * mean over targets and pairs i != j of relu(cos(p_i, p_j))`, `p_i` the mean state of a harmful row.

    Without it, harmful states may all turn into one direction, which one attack could turn back. With a single harmful
    example in the batch there is no pair, and this is RR. (The authors multiply by the mean length of the rows.)
    """
    adapted, _ = batch.pooled(batch.harmful_rows)
    cosines = between_rows(adapted).relu()
    alike = cosines.sum() / max(cosines.numel(), 1)
    return rr(batch, recipe) + recipe.options.rr_orthogonal_weight * alike
