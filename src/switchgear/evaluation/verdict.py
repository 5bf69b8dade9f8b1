"""Which aims are met, and what that leaves open."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from switchgear.evaluation.aims import Aim
from switchgear.evaluation.comparison import Comparison
from switchgear.evaluation.statistics import smallest_detectable
from switchgear.intervals import wilson
from switchgear.terminal import table

FEWEST = 20  # cases; with fewer, one case is more than 5 points, and no aim is called met or missed
ROUNDING = 1e-9  # 1 - 0.97 is a little more than 0.03
Compared = Sequence[tuple[Aim, Comparison]]


def judge(aim: Aim, found: Comparison) -> dict[str, Any]:
    """One row of the verdict. `met` is None with too few cases to tell, or a frozen model too weak to claim it.

    `resolves`: of an aim on a difference of shares, the smallest one that so many cases can show.
    """
    return {
        "question": aim.question,
        "measure": aim.label,
        "frozen": found.frozen,
        "adapted": found.adapted,
        "difference": found.difference.model_dump(),
        "unit": aim.unit,
        "aim": str(aim),
        "met": _met(aim, found),
        "resolves": _resolves(aim, found),
    }


def remarks(compared: Compared) -> Iterator[str]:
    """What a reader of the verdict must know besides: each thing once, with all the aims that it is said of."""
    few = [f"{aim.label} ({found.n})" for aim, found in compared if found.n < FEWEST]
    yield from _listed(f"With fewer than {FEWEST} cases that both models finished, nothing is claimed for", few)
    weak = [
        f"{aim.label} ({found.frozen['rate']:.1%} of {found.n}, at least {aim.frozen_at_least:.0%} needed)"
        for aim, found in compared
        if found.n >= FEWEST and _met(aim, found) is None
    ]
    yield from _listed("The frozen model is too weak to claim anything for", weak)
    reaching = [f"{aim.label} (n = {found.n})" for aim, found in compared if _met(aim, found) and _reaches(aim, found)]
    yield from _listed("The estimate meets the aim, but the 95% interval reaches past it, for", reaching)
    coarse = [
        f"{aim.label} (n = {found.n}: {100 * smallest:.1f} points)"
        for aim, found in compared
        if _met(aim, found) is not None and (smallest := _resolves(aim, found)) and smallest > aim.bound + ROUNDING
    ]
    yield from _listed("A difference as small as the aim is not resolved by so few cases (exact McNemar) for", coarse)
    grouped = [
        f"{aim.label} ({bound:.0%} by {found.adapted['groups']} groups)"
        for aim, found in compared
        if (bound := _by_group(aim, found)) is not None
    ]
    yield from _listed(
        "No case succeeds, so that resampling groups tells nothing; were each group but one case, there could still be",
        grouped,
    )


def _listed(said: str, of: list[str]) -> Iterator[str]:
    if of:
        yield f"{said}: {'; '.join(of)}."


def verdict_table(summary: dict[str, Any]) -> Table:
    """The verdict for a terminal of 100 columns: percent, or nats per token, with 95% intervals."""
    headers = ("", "n", "Frozen", "Adapted", "Change", "Aim", "Met")
    shown = table(*headers)
    question = ""
    for row in summary["verdict"]:
        if row["question"] != question:
            question = row["question"]
            shown.add_row(f"[bold]{question}[/bold]")
        met = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "open"}[row["met"]]
        frozen, adapted = (_cell(row[model], "rate", row["unit"]) for model in ("frozen", "adapted"))
        change = _cell(row["difference"], "difference", row["unit"])
        shown.add_row(f" {row['measure']}", str(row["adapted"]["n"]), frozen, adapted, change, row["aim"], met)
    return shown


def _against(aim: Aim, found: Comparison) -> tuple[float | None, float | None, float]:
    """The estimate and the bad end of its interval, turned so that small is good, and the most that is allowed."""
    adapted, difference = found.adapted, found.difference
    match aim.test:
        case "at most":
            return adapted["rate"], adapted["high"], aim.bound
        case "kept":
            return _turned(adapted["rate"], 1), _turned(adapted["low"], 1), 1 - aim.bound
        case "lower":
            return _turned(difference.difference), _turned(difference.low), aim.bound
        case "higher":
            return difference.difference, difference.high, aim.bound
        case "raised":
            return _turned(difference.difference), _turned(difference.low), -aim.bound


def _turned(value: float | None, top: float = 0) -> float | None:
    return None if value is None else top - value


def _met(aim: Aim, found: Comparison) -> bool | None:
    estimate, _, bound = _against(aim, found)
    if estimate is None or found.n < FEWEST:
        return None
    if estimate > bound + ROUNDING:
        return False
    return None if found.frozen["rate"] < aim.frozen_at_least else True


def _reaches(aim: Aim, found: Comparison) -> bool:
    _, worst, bound = _against(aim, found)
    return worst is not None and worst > bound + ROUNDING


def _resolves(aim: Aim, found: Comparison) -> float | None:
    return smallest_detectable(found.n) if aim.unit == "share" and aim.test in ("lower", "higher") else None


def _by_group(aim: Aim, found: Comparison) -> float | None:
    """The upper bound of no success in as many cases as there are groups, of an aim that is met by having none."""
    if aim.test != "at most" or not _met(aim, found) or found.adapted["successes"]:
        return None
    groups = int(found.adapted["groups"])
    return wilson(0, groups).high if groups < found.n else None


def _cell(found: dict[str, Any], name: str, unit: str) -> str:
    if found[name] is None:
        return "-"
    scale, form = (100, ".0f") if unit == "share" else (1, ".2f")
    change = "+.1f" if unit == "share" else "+.2f"
    text = format(scale * found[name], change if name == "difference" else form)
    if found["low"] is None:
        return text
    return f"{text} ({scale * found['low']:{form}}, {scale * found['high']:{form}})"
