"""The columns in which models are compared: attack success under each attack, then what it costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from switchgear.report.attacks import strongest
from switchgear.report.folder import Folder
from switchgear.report.rates import MODELS, MODES, ordered

Record = Mapping[str, Any]
COSTS = {  # column -> (measure, mode; None is the hardest there is), on clean cases
    "right calls": ("expected_call", None),
    "call form kept": ("native_format", None),
    "over-refusal": ("refused", "free"),
    "incoherent": ("incoherent", "free"),
}


@dataclass(frozen=True)
class Column:
    """One attack or cost: its records by model. `good` is the end of the scale that is wanted."""

    name: str
    attack: bool
    good: int
    records: dict[str, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One model of the comparison. The frozen one has no number: it is where the others started."""

    label: str
    model: str
    number: int | None  # as in the comparison of several runs
    cells: dict[str, Record]


def columns(summary: Record) -> list[Column]:
    """The columns that a summary has figures for."""
    rates = {(r["kind"], r["mode"], r["measure"], r["model"]): r for r in summary.get("rates", [])}
    modes = ordered((key[1] for key in rates), MODES)

    def of(kind: str, mode: str, measure: str) -> dict[str, Record]:
        keys = {model: (kind, mode, measure, model) for model in MODELS}
        return {model: rates[key] for model, key in keys.items() if key in rates}

    found = [Column(f"replay, {mode}", True, 0, of("hijacked", mode, "attack_success")) for mode in modes]
    found += [Column(name, True, 0, records) for name, records in strongest(summary).items()]
    for name, (measure, asked) in COSTS.items():
        mode = asked or next(iter(modes), "")
        good = 0 if asked else 1
        found.append(Column(f"{name}, {mode}", False, good, of("clean", mode, measure)))
    return [column for column in found if column.records]


def lines(folders: Sequence[Folder], labels: Sequence[str], numbered: bool = True) -> list[Line]:
    """A line per model: each frozen one once, if it fared alike in several runs, then the adapted ones in order."""
    frozen: list[Line] = []
    adapted: list[Line] = []
    for number, (folder, label) in enumerate(zip(folders, labels, strict=True), start=1):
        found = columns(folder.summary)
        for model, into in (("frozen", frozen), ("adapted", adapted)):
            cells = {column.name: column.records[model] for column in found if model in column.records}
            name = f"{folder.model} (frozen)" if model == "frozen" else label
            line = Line(name, model, number if numbered and model == "adapted" else None, cells)
            if cells and not any(_alike(line, other) for other in into if model == "frozen"):
                into.append(line)
    return [*_told_apart(frozen), *adapted]


def heads(folders: Sequence[Folder]) -> list[Column]:
    """The columns of all runs together, attacks first."""
    found = {column.name: column for folder in folders for column in columns(folder.summary)}
    return sorted(found.values(), key=lambda column: not column.attack)


def _alike(line: Line, other: Line) -> bool:
    return line.label == other.label and line.cells == other.cells


def _told_apart(lines: Sequence[Line]) -> Iterator[Line]:
    """Frozen models of one name that fared differently were put to different cases."""
    for line in lines:
        twins = [other for other in lines if other.label == line.label]
        which = f"(frozen, cases {twins.index(line) + 1})" if len(twins) > 1 else "(frozen)"
        yield replace(line, label=line.label.replace("(frozen)", which))
