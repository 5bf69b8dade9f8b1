"""All examples of a recipe's sources, as facts in memory and as lines in shards."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console

from switchgear.data.dataset.facts import Facts
from switchgear.data.dataset.intake import check_labels, take_in
from switchgear.data.dataset.shards import Shard, Tally, planned
from switchgear.data.dataset.splits import Split
from switchgear.data.dataset.workers import each
from switchgear.errors import DataError
from switchgear.recipe import DataRecipe


@dataclass
class Rows:
    """Examples in the order of the recipe and of the files: `facts`, `entries` and `placed` run in parallel."""

    shards: list[Shard]
    facts: list[Facts] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    """Which source of the recipe each example is of."""
    placed: list[Split] = field(default_factory=list)
    """What each example is used for."""
    sizes: list[int] = field(default_factory=list)
    """Examples in each shard."""
    tallies: dict[int, Tally] = field(default_factory=dict)
    """What became of the rows of each source."""

    def at(self, *splits: Split) -> list[int]:
        """Positions of the examples in these splits."""
        return [position for position, place in enumerate(self.placed) if place in splits]

    def of(self, *splits: Split) -> list[Facts]:
        return [self.facts[position] for position in self.at(*splits)]

    def own(self, entry: int) -> range:
        """Positions of the examples of one source."""
        return range(bisect_left(self.entries, entry), bisect_right(self.entries, entry))

    def spans(self) -> Iterator[tuple[Shard, int, int]]:
        """Each shard with the positions of its first example and of the next shard's."""
        start = 0
        for shard, size in zip(self.shards, self.sizes, strict=True):
            yield shard, start, start + size
            start += size


def read(recipe: DataRecipe, seed: int, folder: Path, processes: int, console: Console) -> Rows:
    """Read what is not yet in the shards of `folder`, then the facts of all of them.

    Raises:
        DataError: a file that cannot be read, or two examples of one id.
        LabelError: a source whose labels do not fit its rows.
    """
    shards = planned(recipe, seed, folder)
    names = [str(shard.source.path or shard.source.name) for shard in shards]
    each(partial(take_in, recipe=recipe, seed=seed), shards, names, "read", processes, console)
    rows = Rows(shards)
    for shard in shards:
        found, tally = shard.read()
        rows.sizes.append(len(found))
        rows.facts += found
        rows.entries += [shard.entry] * len(found)
        rows.tallies.setdefault(shard.entry, Tally()).add(tally)
    rows.placed = [Split.TRAIN] * len(rows.facts)
    for entry, tally in rows.tallies.items():
        check_labels(recipe.sources[entry], tally)
    _check_ids(rows.facts)
    return rows


def _check_ids(examples: list[Facts]) -> None:
    if len({example.id for example in examples}) == len(examples):
        return
    twice = [name for name, count in Counter(example.id for example in examples).items() if count > 1]
    raise DataError(
        f"{len(twice)} ids occur more than once, the first is {twice[0]!r}. Is a source or a file listed twice?"
    )
