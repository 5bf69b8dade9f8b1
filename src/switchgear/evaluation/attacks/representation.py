"""A direction is taken out of the residual stream: that of harm, or that of the breaker's trip (see `model.ablation`).

Budget: strength. At 1 the component along the direction is what it is where the direction starts: for benign states, or
for those of the frozen model, which trips at nothing and is attacked by `harm` alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from jaxtyping import Float
from pydantic import PositiveInt
from torch import Tensor

from switchgear.evaluation.attacks.base import AttackOptions, Attempt, Victim
from switchgear.evaluation.attacks.changed_model import ChangedModel
from switchgear.evaluation.attacks.training_rows import TrainingRow, training_rows
from switchgear.evaluation.questions import Question
from switchgear.model.ablation import ablated, difference_of_means
from switchgear.model.hidden_states import blocks_of, hidden_states, target_indices
from switchgear.model.layout import padded
from switchgear.recipe import AttackRecipe
from switchgear.schema import Role


class Representation(ChangedModel):
    unit = "strength"
    budget = (0, 0.5, 1, 1.5)

    class Options(AttackOptions):
        direction: Literal["harm", "trip"] = "harm"
        """From the mean state of benign continuations to that of harmful ones; or from that of harmful ones in the
        frozen model to that in the adapted one."""
        states: Literal["all", "targets"] = "all"
        """Which are changed: all that a block puts out but the last, or those that training reroutes."""
        examples: PositiveInt = 24
        """Training rows of a role that the means are taken over."""

    def __init__(self, victim: Victim, recipe: AttackRecipe, options: Any) -> None:
        super().__init__(victim, recipe, options)
        depth = len(blocks_of(victim.model))
        targets = target_indices(victim.recipe.train.target_layers, depth)
        states = targets if options.states == "targets" else list(range(1, depth))
        harmful = training_rows(victim, Role.HARMFUL, options.examples)
        first = mean_states(victim.model, harmful, states)
        if options.direction == "trip":
            with victim.model.disable_adapter():
                second = mean_states(victim.model, harmful, states)
        else:
            second = mean_states(victim.model, training_rows(victim, Role.BENIGN, options.examples), states)
        pairs = zip(states, first, second, strict=True)
        self.directions = {state: difference_of_means(one, other) for state, one, other in pairs}

    def changed(self, level: float) -> AbstractContextManager[None]:
        return ablated(self.victim.model, self.directions, level)

    def __call__(self, batch: Sequence[Question]) -> Iterator[Attempt]:
        trips = self.victim.name == "adapted"
        return super().__call__(batch) if trips or self.options.direction == "harm" else iter(())


@torch.no_grad()
def mean_states(model: Any, rows: Sequence[TrainingRow], states: Sequence[int]) -> Float[Tensor, "state row width"]:
    """The mean over the tokens of each row's continuation."""
    means = []
    for row in rows:  # one at a time: a row's context is long, and its continuation all that is kept
        layout = padded([row.ids]).to(model.device)
        tokens = torch.tensor(row.continuation, device=model.device)
        means.append(hidden_states(model, layout, states, tokens).mean(dim=1))
    return torch.stack(means, dim=1)
