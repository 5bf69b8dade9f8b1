"""X-Boundary: RR that also keeps apart from what is retained (Lu et al. 2025, arXiv 2502.09990)."""

from torch.nn.functional import cosine_similarity, normalize

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar
from switchgear.training.objectives.rr import rr


def x_boundary(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`RR + weight * weighted mean over reroute tokens of relu(cos(h, b))`, `b` the mean of `h0 / ||h0||` retained.

    The authors turn the request tokens of a refused borderline prompt away from the mean state of its own compliant
    answer. Under causal attention these are the very states that the compliant row retains, and in an agent's twins
    they are the shared context. So ours turns the harmful continuation away, from all that the batch retains: rerouted
    states may not settle where benign ones are.
    """
    adapted, _, share = batch.rerouted()
    _, frozen, weights = batch.kept()
    benign = (normalize(frozen, dim=-1) * weights[:, None]).sum(dim=1, keepdim=True)
    separation = (cosine_similarity(adapted, benign, dim=-1).relu() * share).sum()
    return rr(batch, recipe) + recipe.options.x_boundary_weight * separation
