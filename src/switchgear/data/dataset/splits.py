"""Which examples are trained on, which validate, which are held out, and which are drawn when there are too many."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from switchgear.data.dataset.facts import Facts
from switchgear.recipe import DataRecipe
from switchgear.schema import Role


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    HOLDOUT = "holdout"
    MIXED = "mixed"  # held out by one tag and not by another: used for nothing
    CONTAMINATED = "contaminated"  # repeats a held-out text: used for nothing
    OVER_WEIGHT = "over weight"  # its source would fill too much of a kind: used for nothing
    OVER_LIMIT = "over limit"  # not drawn


WRITTEN = (Split.TRAIN, Split.VALIDATION, Split.HOLDOUT)


def split(examples: Sequence[Facts], recipe: DataRecipe, seed: int) -> list[Split]:
    """The split of each example. A group is never in both train and validation.

    A case has nothing to train on, so it is always held out.
    """
    placed = [Split.HOLDOUT if each.role == Role.CASE else held_out(each, recipe.holdout) for each in examples]
    training = {each.group for each, place in zip(examples, placed, strict=True) if place is Split.TRAIN}
    kept_aside = _validation_groups(training, recipe.validation, seed)
    return [
        Split.VALIDATION if place is Split.TRAIN and each.group in kept_aside else place
        for each, place in zip(examples, placed, strict=True)
    ]


def held_out(example: Facts, holdout: dict[str, tuple[str, ...]]) -> Split:
    """HOLDOUT if every tag of `holdout` that the example carries has a listed value, TRAIN if none has, else MIXED."""
    listed = [example.tags[tag] in values for tag, values in holdout.items() if tag in example.tags]
    if not any(listed):
        return Split.TRAIN
    return Split.HOLDOUT if all(listed) else Split.MIXED


def draw(examples: Sequence[Facts], limit: int | None, seed: int) -> set[int]:
    """Positions of at most `limit` examples: evenly over the groups, twins (equal `row`) of a group together."""
    if limit is None or len(examples) <= limit:
        return set(range(len(examples)))
    chosen: set[int] = set()
    for twins in _in_turn(examples, seed):
        if len(chosen) + len(twins) <= limit:
            chosen.update(twins)
    return chosen


def shuffled(name: str, seed: int) -> int:
    """A sort key that orders names at random, alike on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def _in_turn(examples: Sequence[Facts], seed: int) -> list[list[int]]:
    """Positions of twins: one of each group in a drawn order of groups, then a second of each, until all have come."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, each in enumerate(examples):
        rows[each.group, each.row].append(position)
    groups = {group: shuffled(group, seed) for group, _ in rows}
    turns: Counter[str] = Counter()
    ordered = []
    for (group, _), twins in sorted(rows.items(), key=lambda item: shuffled(examples[item[1][0]].id, seed)):
        ordered.append((turns[group], groups[group], twins))
        turns[group] += 1
    return [twins for *_, twins in sorted(ordered)]


def _validation_groups(groups: Iterable[str], share: float, seed: int) -> set[str]:
    """The first groups by seeded hash: `share` of them, at least one if there are several and the share is not 0."""
    ordered = sorted(groups, key=lambda group: shuffled(group, seed))
    count = round(share * len(ordered))
    if share > 0 and len(ordered) > 1:
        count = min(max(count, 1), len(ordered) - 1)
    return set(ordered[:count])
