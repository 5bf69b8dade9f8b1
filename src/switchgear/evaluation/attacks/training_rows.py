"""What an attacker knows who has the training data: a few of its rows, as the model reads them."""

import random
from dataclasses import dataclass

from switchgear.errors import DataError
from switchgear.evaluation.attacks.base import Victim
from switchgear.model.layout import Ids
from switchgear.model.masks import loss_mask
from switchgear.model.render import render
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Role


@dataclass(frozen=True)
class TrainingRow:
    """Token ids, and which of them are the continuation."""

    ids: Ids
    continuation: list[int]


def training_rows(victim: Victim, role: Role, count: int) -> list[TrainingRow]:
    """At most `count` examples of the prepared training split, drawn with the run's seed.

    Raises:
        RunError: no dataset is prepared. DataError: it has no example of that role.
    """
    run = Run(victim.recipe.run)
    path = run.need(run.dataset / "train.jsonl", "prepare")
    known = [example for example in read_models(path, Example) if example.role is role]
    if not known:
        raise DataError(f"{path} has no {role} example. This attack learns from some: leave it out, or prepare them.")
    drawn = random.Random(victim.seed).sample(known, min(count, len(known)))
    return [_row(example, victim) for example in drawn]


def _row(example: Example, victim: Victim) -> TrainingRow:
    rendered = render(example, victim.tokenizer, victim.recipe.render.max_tokens)
    chosen = loss_mask("assistant", rendered, example)
    return TrainingRow(rendered.ids, [index for index, part in enumerate(chosen) if part])
