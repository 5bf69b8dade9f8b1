"""The adapter is trained on: plain next-token prediction, as anyone who holds the weights can do it.

Budget: optimiser steps. The adapted model starts from its adapter, the frozen one from an adapter of the same shape
that does nothing yet. No breaker of this kind claims to stand this; the question is how soon it falls.
"""

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from switchgear.evaluation.attacks.base import AttackOptions, Victim
from switchgear.evaluation.attacks.changed_model import ChangedModel
from switchgear.evaluation.attacks.training_rows import TrainingRow, training_rows
from switchgear.model.tampering import adapter_weights, blank_weights, with_weights
from switchgear.recipe import AttackRecipe
from switchgear.schema import Role

Weights = list[Tensor]


class Finetune(ChangedModel):
    unit = "steps"
    budget = (0, 5, 10, 20, 40)

    class Options(AttackOptions):
        rows: Literal["harmful", "benign"] = "harmful"
        """What is trained on: continuations of this role from the training split."""
        examples: PositiveInt = 64
        """At most as many of them."""
        rows_per_step: PositiveInt = 4
        learning_rate: float = Field(default=5e-4, gt=0)

    def __init__(self, victim: Victim, recipe: AttackRecipe, options: Any) -> None:
        super().__init__(victim, recipe, options)
        start = adapter_weights(victim.model) if victim.name == "adapted" else blank_weights(victim.model)
        rows = training_rows(victim, Role(options.rows), options.examples)
        order = drawing_order(len(rows), int(max(recipe.budget)) * options.rows_per_step, victim.seed)
        drawn = [rows[index] for index in order]
        self.snapshots = fine_tune(victim.model, start, drawn, recipe.budget, options)

    def changed(self, level: float) -> AbstractContextManager[Any]:
        return with_weights(self.victim.model, self.snapshots[level])


def drawing_order(rows: int, draws: int, seed: int) -> list[int]:
    """Which row each draw takes: all rows in a random order, then all again in another."""
    generator = random.Random(seed)
    deals = (generator.sample(range(rows), rows) for _ in range(-(-draws // rows)))
    return [row for deal in deals for row in deal][:draws]


def fine_tune(
    model: Any, start: Weights, drawn: Sequence[TrainingRow], levels: Sequence[float], options: Any
) -> dict[float, Weights]:
    """The adapter's weights after as many steps of AdamW as each level says, `rows_per_step` of `drawn` each.

    The model itself is left as it was.
    """
    snapshots: dict[float, Weights] = {}
    size = options.rows_per_step
    with with_weights(model, start) as weights, torch.enable_grad():
        optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, weight_decay=0)
        for step in range(int(max(levels)) + 1):
            snapshots |= {level: adapter_weights(model) for level in levels if int(level) == step}
            for row in drawn[step * size : (step + 1) * size]:  # one at a time: each alone fits into memory
                (next_token_loss(model, row) / size).backward()
            clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
    return snapshots


def next_token_loss(model: Any, row: TrainingRow) -> Tensor:
    """Nats per token of the continuation."""
    ids = torch.tensor([row.ids], device=model.device)
    wanted = torch.tensor(row.continuation, device=model.device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=wanted - 1).logits[0]
    return cross_entropy(logits.float(), ids[0, wanted])
