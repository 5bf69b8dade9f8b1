"""What each example is used for: drawn or not, trained on, held out, or left out for what it repeats or outweighs."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from switchgear.data.contamination.index import Match
from switchgear.data.dataset.burned import check_burned
from switchgear.data.dataset.mix import over_weight
from switchgear.data.dataset.overlaps import Search, search
from switchgear.data.dataset.rows import Rows
from switchgear.data.dataset.splits import Split, draw, split
from switchgear.data.dataset.workers import each
from switchgear.errors import DataError
from switchgear.recipe import DataRecipe
from switchgear.runs import sha256
from switchgear.schema import Role

WORTH_PROCESSES = 20_000
"""Examples. Fewer are compared in less time than other processes take to start."""


def place(rows: Rows, recipe: DataRecipe, seed: int) -> None:
    """Draw each source down to its limit, and split what was drawn.

    Raises:
        DataError: a benchmark is both trained on and held out.
    """
    for entry, source in enumerate(recipe.sources):
        if source.limit is None:
            continue
        own = rows.own(entry)
        chosen = draw(rows.facts[own.start : own.stop], source.limit, seed)
        _put(rows, [position for number, position in enumerate(own) if number not in chosen], Split.OVER_LIMIT)
    drawn = rows.at(Split.TRAIN)
    splits = split([rows.facts[position] for position in drawn], recipe, seed)
    for position, found in zip(drawn, splits, strict=True):
        rows.placed[position] = found
    check_burned(rows.of(Split.TRAIN, Split.VALIDATION), rows.of(Split.HOLDOUT), allow=recipe.allow_benchmarks)


def decontaminate(rows: Rows, recipe: DataRecipe, holdout: Path, processes: int, console: Console) -> list[Match]:
    """Take out of training what repeats a held-out example or a bundled benchmark; `holdout` is the held-out JSONL."""
    used, held_out = (Split.TRAIN, Split.VALIDATION), sha256(holdout)
    jobs, starts = [], []
    for shard, start, end in rows.spans():
        wanted = bytes(place in used for place in rows.placed[start:end])
        if any(wanted):
            jobs.append(Search(shard, wanted, holdout, held_out, recipe.allow_benchmarks))
            starts.append(start)
    names = [str(job.shard.source.path or job.shard.source.name) for job in jobs]
    several = processes if len(rows.facts) >= WORTH_PROCESSES else 1
    found = each(search, jobs, names, "compared with the holdout", several, console)
    matches = {start + at: match for start, hits in zip(starts, found, strict=True) for at, match in hits}
    _put(rows, matches, Split.CONTAMINATED)
    return list(matches.values())


def weigh(rows: Rows, recipe: DataRecipe, seed: int) -> None:
    """Leave out training rows until the sources' weights hold.

    Raises:
        DataError: no harmful or no benign example is left to train on.
    """
    weights = {entry: source.weight for entry, source in enumerate(recipe.sources) if source.weight is not None}
    training = rows.at(Split.TRAIN)
    entries = [rows.entries[position] for position in training]
    surplus = over_weight(rows.of(Split.TRAIN), entries, weights, seed)
    _put(rows, [training[number] for number in surplus], Split.OVER_WEIGHT)
    _check_trainable(rows)


def _put(rows: Rows, positions: Iterable[int], split: Split) -> None:
    for position in positions:
        rows.placed[position] = split


def _check_trainable(rows: Rows) -> None:
    roles = Counter(example.role for example in rows.of(Split.TRAIN))
    for role in (Role.HARMFUL, Role.BENIGN):
        if not roles[role]:
            found = ", ".join(f"{count} {name}" for name, count in Counter(rows.placed).items())
            raise DataError(
                f"There is no {role} example to train on ({found}). Training needs harmful and benign examples: "
                "add a source, raise its `limit`, or hold out less (`data.holdout`)."
            )
