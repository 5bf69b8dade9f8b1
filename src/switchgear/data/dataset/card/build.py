"""The card of a dataset, put together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from switchgear.data.contamination.index import Match
from switchgear.data.dataset import mix
from switchgear.data.dataset.card.counts import coverage, describe, licences
from switchgear.data.dataset.facts import Facts
from switchgear.data.dataset.rows import Rows
from switchgear.data.dataset.splits import WRITTEN, Split
from switchgear.recipe import Recipe
from switchgear.schema import Example

SHOWN = ("train", "holdout")


def build(recipe: Recipe, rows: Rows, matches: Iterable[Match], skipped: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Everything that is known of the dataset but what its texts are measured by."""
    written = {name.value: rows.of(name) for name in WRITTEN}
    found = mix.shares(written[Split.TRAIN])
    return {
        "seed": recipe.seed,
        "holdout": {tag: list(values) for tag, values in recipe.data.holdout.items()},
        "commercial_use": recipe.data.commercial_use,
        "allow_benchmarks": list(recipe.data.allow_benchmarks),
        "sources": [_account(recipe, rows, entry) for entry in range(len(recipe.data.sources))],
        "skipped": list(skipped),
        "splits": {name.value: describe(rows.of(name)) for name in Split if name is not Split.OVER_LIMIT},
        "shares": found,
        "warnings": mix.warnings(found),
        "coverage": coverage(written),
        "licences": licences(written),
        "contamination": [match.model_dump() for match in matches],
    }


def shown(samples: Mapping[str, Sequence[Example]]) -> list[Example]:
    """The first sampled example of each role and trace, of training and of the holdout."""
    first: dict[tuple[str, ...], Example] = {}
    for split in SHOWN:
        for example in samples[split]:
            first.setdefault((split, example.role, example.trace or ""), example)
    return list(first.values())


def _account(recipe: Recipe, rows: Rows, entry: int) -> dict[str, Any]:
    source, tally = recipe.data.sources[entry], rows.tallies[entry]
    own = rows.own(entry)
    kept: list[Facts] = [rows.facts[position] for position in own if rows.placed[position] is not Split.OVER_LIMIT]
    quarantined, dropped, over_limit = tally.quarantined.total(), tally.dropped.total(), len(own) - len(kept)
    assert tally.read == len(kept) + over_limit + quarantined + dropped, "a row was lost"
    return {
        "name": source.name,
        "path": str(source.path) if source.path else None,
        "options": source.options,
        "weight": source.weight,
        "licences": sorted({example.licence for example in kept}),
        "revisions": sorted({example.revision for example in kept}),
        "read": tally.read,
        "kept": describe(kept)["role"],
        "dropped": dict(tally.dropped.most_common()),
        "quarantined": dict(tally.quarantined.most_common()),
        "over_limit": over_limit,
    }
