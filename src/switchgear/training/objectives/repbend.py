"""RepBend: harmful states go far away, and become alike (Yousefpour et al. 2025, arXiv 2504.01550)."""

from torch import Tensor

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar, between_rows


def repbend(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`weighted mean of relu(bound - ||h - h0|| / ||h0||) + similarity * mean over pairs of (1 - cos(p_i, p_j))`.

    The authors minimise `-||h - h0||`, which has no end: runs blow up unless they stop early. Here it ends at `bound`
    frozen norms; up to there the gradient is theirs over the norm. Their pairs are of the last token of each request,
    which rows of one agent share and retain; ours are of the mean states `p` of the harmful continuations.
    """
    adapted, frozen, share = batch.rerouted()
    moved: Tensor = (adapted - frozen).norm(dim=-1) / frozen.norm(dim=-1)
    cosines = between_rows(batch.pooled(batch.harmful_rows)[0])
    apart = (1 - cosines).sum() / max(cosines.numel(), 1)
    near = ((recipe.options.repbend_bound - moved).relu() * share).sum()
    return near + recipe.options.repbend_similarity * apart
