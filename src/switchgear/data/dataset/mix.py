"""How much of what is trained on comes from which source: by the recipe's weights, and never silently.

A weight acts on the number of rows and not on how often one is drawn: training deals all rows of a kind before any
comes again, so that the shares on the card are the shares of what the model sees, and no row is repeated to fill one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import floor

from switchgear.data.dataset.facts import Facts
from switchgear.data.dataset.splits import draw

LARGE_SHARE = 0.5
"""Of the rows of one kind. A source above it is warned of, where there are others."""
Shares = dict[str, dict[str, int]]
"""Kind of example -> dataset -> rows to train on, the largest first."""


def over_weight(examples: Sequence[Facts], entries: Sequence[int], weights: Mapping[int, float], seed: int) -> set[int]:
    """Positions to leave out so that within each kind the entries with a weight stand in the ratio of their weights.

    As many rows stay as there can, and at least one of each: the source that is shortest for its weight keeps all.
    """
    positions: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, (example, entry) in enumerate(zip(examples, entries, strict=True)):
        if entry in weights:
            positions[example.kind][entry].append(position)
    left_out: set[int] = set()
    for sources in positions.values():
        per_weight = min(len(found) / weights[entry] for entry, found in sources.items())
        for entry, found in sources.items():
            count = max(1, floor(per_weight * weights[entry] + 1e-9))
            drawn = draw([examples[position] for position in found], count, seed)
            left_out.update(position for number, position in enumerate(found) if number not in drawn)
    return left_out


def shares(examples: Iterable[Facts]) -> Shares:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[example.kind][example.dataset] += 1
    return {kind: dict(counts[kind].most_common()) for kind in sorted(counts)}


def warnings(found: Shares) -> list[str]:
    """A sentence for each source that has more than a large share of a kind, if others are trained on too."""
    if len({dataset for datasets in found.values() for dataset in datasets}) < 2:
        return []
    return [
        f"{dataset} is {count / sum(datasets.values()):.0%} of the {kind} examples. Add sources, or set weights."
        for kind, datasets in found.items()
        for dataset, count in datasets.items()
        if count > LARGE_SHARE * sum(datasets.values())
    ]
