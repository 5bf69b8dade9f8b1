"""The card of a dataset: how many of what, and how it is shown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table

from switchgear.schema import Example


def describe(examples: Sequence[Example]) -> dict[str, Any]:
    """Counts of a set of examples: by role and trace (`harmful/hijacked`), suite, family, category. "" is left out."""
    return {
        "examples": len(examples),
        "groups": len({example.group for example in examples}),
        "role": _counts("/".join(filter(None, (example.role, example.trace))) for example in examples),
        "suite": _counts(example.tags.get("suite", "") for example in examples),
        "family": _counts(example.tags.get("family", "") for example in examples),
        "category": _counts(example.category for example in examples),
    }


def table(card: dict[str, Any]) -> Group:
    """A card for the terminal: what became of each source's rows, then what is in each split."""
    return Group(_sources(card["sources"]), _splits(card["splits"]))


def _sources(sources: Iterable[dict[str, Any]]) -> Table:
    shown = Table("source", "rows", "", title="Sources", title_justify="left")
    for source in sources:
        shown.add_row(source["name"], str(source["read"]), "read")
        for name, count in source["kept"].items():
            shown.add_row("", str(count), f"kept: {name}")
        if source["over_limit"]:
            shown.add_row("", str(source["over_limit"]), "not drawn: over the limit")
        for fate in ("dropped", "quarantined"):
            for reason, count in source[fate].items():
                shown.add_row("", str(count), f"{fate}: {reason}")
    return shown


def _splits(splits: dict[str, dict[str, Any]]) -> Table:
    shown = Table(
        "split",
        "examples",
        "groups",
        "by role and trace",
        "by suite",
        "by family",
        title="Splits",
        title_justify="left",
    )
    for name, split in splits.items():
        cells = (
            ", ".join(f"{key} {count}" for key, count in split[kind].items()) for kind in ("role", "suite", "family")
        )
        shown.add_row(name, str(split["examples"]), str(split["groups"]), *cells)
    return shown


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(name for name in names if name).items()))
