"""RR: harmful states become orthogonal to the frozen ones (Zou et al. 2024, arXiv 2406.04313)."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar


def rr(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`weighted mean over targets and reroute tokens of relu(cos(h, h0) - margin)`: one global mean, as the authors'.

    With `center`, `cos(h - c, h0 - c)`, where `c` is the mean frozen state of the batch's retained tokens.
    """
    adapted, frozen, share = batch.rerouted()
    if recipe.center:
        middle = _middle(batch)
        adapted, frozen = adapted - middle, frozen - middle
    return ((cosine_similarity(adapted, frozen, dim=-1) - recipe.margin).relu() * share).sum()


def _middle(batch: Batch) -> Float[Tensor, "state 1 width"]:
    _, frozen, share = batch.kept()
    return (frozen * share[:, None]).sum(dim=1, keepdim=True) * len(batch.targets)
