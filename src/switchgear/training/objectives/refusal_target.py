"""Refusal target: harmful states become those of the frozen model when it is reminded to refuse.

Context distillation (Askell et al. 2021, arXiv 2112.00861) of hidden states: the aim is a state that the frozen model
knows how to go on from, so that what follows is a coherent refusal and not broken text.
"""

from switchgear.recipe import TrainRecipe
from switchgear.training.objectives.batch import Batch, Scalar


def refusal_target(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`weighted mean over targets and reroute tokens of ||h - r|| / ||r||`.

    `r` is the frozen state of the same token of the same conversation with the reminder in its system message.
    """
    if batch.reminded is None:
        raise ValueError("refusal_target needs the states under a reminder: Objective.reminder asks for them")
    adapted, _, share = batch.rerouted()
    reminded = batch.reminded[:, batch.reroute > 0]
    loss: Scalar = ((adapted - reminded).norm(dim=-1) / reminded.norm(dim=-1) * share).sum()
    return loss
