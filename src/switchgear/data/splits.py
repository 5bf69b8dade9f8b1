"""Which examples are trained on, which validate, which are held out, and which are drawn when there are too many."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from switchgear.recipe import DataRecipe
from switchgear.schema import Example, Role


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    HOLDOUT = "holdout"
    MIXED = "mixed"  # held out by one tag and not by another: used for nothing


def split(examples: Iterable[Example], recipe: DataRecipe, seed: int) -> dict[Split, list[Example]]:
    """Each example in its split, in the order given. A group is never in both train and validation.

    A case has nothing to train on, so it is always held out.
    """
    placed: dict[Split, list[Example]] = {name: [] for name in Split}
    for example in examples:
        place = Split.HOLDOUT if example.role is Role.CASE else held_out(example, recipe.holdout)
        placed[place].append(example)
    kept_aside = _validation_groups({example.group for example in placed[Split.TRAIN]}, recipe.validation, seed)
    placed[Split.VALIDATION] = [example for example in placed[Split.TRAIN] if example.group in kept_aside]
    placed[Split.TRAIN] = [example for example in placed[Split.TRAIN] if example.group not in kept_aside]
    return placed


def held_out(example: Example, holdout: dict[str, tuple[str, ...]]) -> Split:
    """HOLDOUT if every tag of `holdout` that the example carries has a listed value, TRAIN if none has, else MIXED."""
    listed = [example.tags[tag] in values for tag, values in holdout.items() if tag in example.tags]
    if not any(listed):
        return Split.TRAIN
    return Split.HOLDOUT if all(listed) else Split.MIXED


def draw(examples: Sequence[Example], limit: int | None, seed: int) -> list[Example]:
    """At most `limit` examples, in the order given: evenly over the groups, twins (equal `provenance.row`) together."""
    if limit is None or len(examples) <= limit:
        return list(examples)
    chosen: set[str] = set()
    for twins in _in_turn(examples, seed):
        if len(chosen) + len(twins) <= limit:
            chosen.update(example.id for example in twins)
    return [example for example in examples if example.id in chosen]


def _in_turn(examples: Iterable[Example], seed: int) -> Iterator[list[Example]]:
    """Twins of one group after another, each group's in a drawn order, until all groups are empty."""
    groups: dict[str, dict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        groups[example.group][example.provenance.row].append(example)
    queues = {
        group: sorted(rows.values(), key=lambda twins: _shuffled(twins[0].id, seed), reverse=True)
        for group, rows in sorted(groups.items(), key=lambda item: _shuffled(item[0], seed))
    }
    while queues:
        for group in list(queues):
            yield queues[group].pop()
            if not queues[group]:
                del queues[group]


def _validation_groups(groups: Iterable[str], share: float, seed: int) -> set[str]:
    """The first groups by seeded hash: `share` of them, at least one if there are several and the share is not 0."""
    ordered = sorted(groups, key=lambda group: _shuffled(group, seed))
    count = round(share * len(ordered))
    if share > 0 and len(ordered) > 1:
        count = min(max(count, 1), len(ordered) - 1)
    return set(ordered[:count])


def _shuffled(name: str, seed: int) -> str:
    """A sort key that orders names at random, alike on every machine."""
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
