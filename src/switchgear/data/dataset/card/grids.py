"""The tables of a card, once, for the terminal and for the pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from switchgear.data.dataset.licences import Terms
from switchgear.data.labels.taxonomy import Harm

THIN = 50
"""Harmful examples to train on. With fewer, the breaker has hardly seen this kind of harm."""


class Grid(NamedTuple):
    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def table(card: Mapping[str, Any]) -> Group:
    """A card for the terminal: what became of each source's rows, what is in each split, and what to worry about."""
    made = (sources, skipped, splits, shares, coverage)
    shown = [_rich(grid) for grid in (make(card) for make in made) if grid.rows]
    return Group(*shown, *(Text(f"! {warning}", style="yellow") for warning in card.get("warnings", ())))


def grids(card: Mapping[str, Any]) -> list[Grid]:
    """All tables that have rows."""
    made = (sources, skipped, splits, lengths, shares, coverage, licences, contamination)
    return [grid for grid in (make(card) for make in made) if grid.rows]


def sources(card: Mapping[str, Any]) -> Grid:
    rows: list[tuple[str, ...]] = []
    for source in card["sources"]:
        rows.append((source["name"], str(source["read"]), "read"))
        rows += [("", str(count), f"kept: {name}") for name, count in source["kept"].items()]
        if source["over_limit"]:
            rows.append(("", str(source["over_limit"]), "not drawn: over the limit"))
        for fate in ("dropped", "quarantined"):
            rows += [("", str(count), f"{fate}: {reason}") for reason, count in source[fate].items()]
    return Grid("Sources", ("source", "rows", ""), rows)


def skipped(card: Mapping[str, Any]) -> Grid:
    rows = [(source["name"], source["path"], source["why"]) for source in card["skipped"]]
    return Grid("Skipped sources", ("source", "path", "why"), rows)


def splits(card: Mapping[str, Any]) -> Grid:
    kinds = ("role", "dataset", "suite", "family")
    rows = [
        (name, str(split["examples"]), str(split["groups"]), *(_listed(split[kind]) for kind in kinds))
        for name, split in card["splits"].items()
        if split["examples"] or name in ("train", "validation", "holdout")
    ]
    header = ("split", "examples", "groups", "by role and trace", "by dataset", "by suite", "by family")
    shared = card["shared"]
    note = (
        "No group is in both train and validation. Of what the held-out agents' traces are about, training has "
        f"{shared['tasks']} of {shared['held_out_tasks']} tasks and {shared['goals']} of {shared['held_out_goals']} "
        "attackers' goals too."
    )
    return Grid("Splits", header, rows, note)


def lengths(card: Mapping[str, Any]) -> Grid:
    units = {name: {"characters": split["characters"]} for name, split in card["splits"].items()}
    for name, counted in card["tokens"].items():
        of = counted["of"]
        units[name][f"tokens (of {of} drawn)"] = {key: value for key, value in counted.items() if key != "of"}
    rows = [(name, unit, _listed(found)) for name, kinds in units.items() for unit, found in kinds.items() if found]
    return Grid("Lengths", ("split", "in", ""), rows, "Of whole conversations, with the tools that are offered.")


def shares(card: Mapping[str, Any]) -> Grid:
    rows = [
        (kind, dataset, str(count), f"{count / sum(datasets.values()):.0%}")
        for kind, datasets in card["shares"].items()
        for dataset, count in datasets.items()
    ]
    return Grid("What training draws from", ("kind", "dataset", "examples", "share"), rows)


def coverage(card: Mapping[str, Any]) -> Grid:
    found = card["coverage"]
    names: Iterable[str] = next(iter(found.values()), ())
    known, rows = {harm.value for harm in Harm}, []
    for category, counts in found.items():
        mark = "none to train on" if not counts["train"] else "thin" if counts["train"] < THIN else ""
        foreign = "" if category in known or not category else " (not in the taxonomy)"
        rows.append((f"{category or 'no category given'}{foreign}", *map(str, counts.values()), mark))
    absent = ", ".join(sorted(known - found.keys()))
    note = f"Thin: fewer than {THIN} harmful examples to train on." + (f" Nowhere: {absent}." if absent else "")
    return Grid("Harm covered", ("category", *names, ""), rows, note)


def licences(card: Mapping[str, Any]) -> Grid:
    names = next(iter(card["licences"].values()), {"examples": ()})["examples"]
    rows = [
        (licence, ", ".join(entry["datasets"]), *map(str, entry["examples"].values()), _objection(entry["terms"]))
        for licence, entry in card["licences"].items()
    ]
    note = "As the sources state them. `data.commercial_use: true` leaves out what is marked."
    return Grid("Licences", ("licence", "datasets", *names, ""), rows, note)


def contamination(card: Mapping[str, Any]) -> Grid:
    rows = [
        (each["train"], each["holdout"], each["holdout_dataset"], each["kind"], f"{each['similarity']:.2f}")
        for each in card["contamination"]
    ]
    header = ("left out of training", "repeats", "of", "how", "similarity")
    return Grid("Contamination", header, rows, f"{len(rows)} examples repeat a held-out text or a benchmark's prompt.")


def _objection(said: str) -> str:
    return "" if said == Terms.OPEN else said


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{key} {count:,}" for key, count in counts.items())


def _rich(grid: Grid) -> Table:
    shown = Table(*grid.header, title=grid.title, title_justify="left", caption=grid.note or None)
    for row in grid.rows:
        shown.add_row(*map(Text, row))
    return shown


def lines(grid: Grid, most: int) -> Iterator[tuple[str, ...]]:
    """The first rows, and how many more there are."""
    yield from grid.rows[:most]
    if len(grid.rows) > most:
        yield (f"... and {len(grid.rows) - most} more, in card.json", *[""] * (len(grid.header) - 1))
