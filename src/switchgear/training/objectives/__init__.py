"""Objectives: pure functions of hidden states and weights, one in a file. `docs/objectives.md` compares them.

To add one: a file with a function that returns the reroute term, a line in OBJECTIVES, a section in the docs, a test.
The retain term is the same for all (`train.retain`), unless an objective brings its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch.nn.functional import cosine_similarity

from switchgear.errors import RecipeError, unknown
from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Losses, Predictions, Scalar
from switchgear.training.objectives.refusal_target import refusal_target
from switchgear.training.objectives.repbend import repbend
from switchgear.training.objectives.retain import ALL_STATES, RETAIN, relative, retain_loss
from switchgear.training.objectives.rmu import rmu
from switchgear.training.objectives.rr import rr
from switchgear.training.objectives.rr_orthogonal import rr_orthogonal
from switchgear.training.objectives.triplet import benign_triplet, harmful_triplet
from switchgear.training.objectives.x_boundary import x_boundary

__all__ = [
    "ALL_STATES",
    "OBJECTIVES",
    "RETAIN",
    "Batch",
    "Losses",
    "Objective",
    "Predictions",
    "objective",
    "relative",
]

Term = Callable[[Batch, TrainRecipe], Scalar]


@dataclass(frozen=True)
class Objective:
    """Two terms, and whether it compares with the states under a safety reminder (`Batch.reminded`)."""

    reroute: Term
    retain: Term = retain_loss
    reminder: bool = False

    def __call__(self, batch: Batch, recipe: TrainRecipe) -> Losses:
        adapted, frozen, share = batch.rerouted()
        cosine = (cosine_similarity(adapted.detach(), frozen, dim=-1) * share).sum()
        return Losses(self.reroute(batch, recipe), self.retain(batch, recipe), cosine)


OBJECTIVES: dict[str, Objective] = {
    "rr": Objective(rr),
    "rr_orthogonal": Objective(rr_orthogonal),
    "rmu": Objective(rmu),
    "repbend": Objective(repbend),
    "x_boundary": Objective(x_boundary),
    "refusal_target": Objective(refusal_target, reminder=True),
    "triplet": Objective(harmful_triplet, benign_triplet),
}


def objective(name: str) -> Objective:
    """The objective of that name. Raises `RecipeError` listing the known ones."""
    if name not in OBJECTIVES:
        raise RecipeError(unknown("objective", name, OBJECTIVES))
    return OBJECTIVES[name]
