"""What each run buys and what it pays: attack success against the loss of utility, lower left is better."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from switchgear.report.charts.svg import Point, Scale, level, path, tag, ticks, upright
from switchgear.report.text import is_number, number, percent, points

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 408, 12, 250
Record = Mapping[str, Any]


def pareto_chart(runs: Sequence[Record]) -> Markup:
    """A numbered dot per run, its intervals as a cross, and the line of those that no other beats on both counts.

    Args:
        runs: records with `number` (as in the table), `name`, `attack` (`rate`, `low`, `high` as shares), `loss` (the
            same, frozen less adapted) and `before` (attack success of the frozen model, which lost nothing: a ring).
            A run without attack and loss is left out.
    """
    shown = [run for run in runs if is_number(run["attack"].get("rate")) and is_number(run["loss"].get("rate"))]
    if not shown:
        return tag("p", "no data", class_="none")
    starts = sorted(set(_finite([run["before"].get("rate") for run in shown])))
    attacks, losses = (
        _finite([run[side].get(end) for run in shown for end in ("rate", "low", "high")]) for side in ("attack", "loss")
    )
    columns, rows = ticks(0, max(0.1, *attacks, *starts)), ticks(min(0, *losses), max(0.1, *losses))
    across, up = Scale(columns[0], columns[-1], LEFT, RIGHT), Scale(rows[0], rows[-1], BOTTOM, TOP)
    line = [(across(run["attack"]["rate"]), up(run["loss"]["rate"])) for run in front(shown)]
    marks = [
        *(level("grid" if y else "zero", up(y), LEFT, RIGHT) for y in rows),
        *(tag("text", number(100 * y), class_="end", x=LEFT - 8, y=up(y) + 4) for y in rows),
        *(upright("grid", across(x), TOP, BOTTOM) for x in columns),
        *(tag("text", f"{number(100 * x)}%", class_="middle", x=across(x), y=BOTTOM + 18) for x in columns),
        tag("text", "attack success", class_="middle", x=(LEFT + RIGHT) / 2, y=BOTTOM + 40),
        tag(
            "text", "utility lost, points", class_="middle", transform=f"translate(14 {(TOP + BOTTOM) / 2}) rotate(-90)"
        ),
        path("series front", line),
        *(tag("circle", class_="dot frozen", cx=across(start), cy=up(0), r=6) for start in starts),
        *(mark for run in shown for mark in _whiskers(run, across, up)),
        *(mark for place in _places(shown, across, up).items() for mark in _dot(*place)),
    ]
    spoken = "; ".join(
        f"{run['name']}: attack success {percent(run['attack']['rate'])}, utility lost {points(run['loss']['rate'])}"
        for run in shown
    )
    return tag("svg", *marks, class_="lines pareto", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=spoken)


def front(runs: Sequence[Record]) -> list[Record]:
    """The runs that no other run beats on one count without losing on the other, from low to high attack success."""
    kept: list[Record] = []
    for run in sorted(runs, key=lambda run: (run["attack"]["rate"], run["loss"]["rate"])):
        if not kept or run["loss"]["rate"] < kept[-1]["loss"]["rate"]:
            kept.append(run)
    return kept


def _whiskers(run: Record, across: Scale, up: Scale) -> list[Markup]:
    x, y = across(run["attack"]["rate"]), up(run["loss"]["rate"])
    marks = []
    if all(is_number(run["attack"].get(end)) for end in ("low", "high")):
        marks.append(level("whisker", y, across(run["attack"]["low"]), across(run["attack"]["high"])))
    if all(is_number(run["loss"].get(end)) for end in ("low", "high")):
        marks.append(upright("whisker", x, up(run["loss"]["low"]), up(run["loss"]["high"])))
    return marks


def _places(runs: Sequence[Record], across: Scale, up: Scale) -> dict[Point, list[str]]:
    """Where dots go, and the numbers of the runs that share one."""
    found: dict[Point, list[str]] = {}
    for run in runs:
        place = across(run["attack"]["rate"]), up(run["loss"]["rate"])
        found.setdefault(place, []).append(str(run["number"]))
    return found


def _dot(place: Point, numbers: Sequence[str]) -> list[Markup]:
    (x, y), wide = place, 8 + 9 * len(numbers)
    pill = tag("rect", class_="numbered", x=x - wide / 2, y=y - 9, width=wide, height=18, rx=9)
    return [pill, tag("text", " ".join(numbers), class_="middle inside", x=x, y=y + 4)]


def _finite(values: Sequence[object]) -> list[float]:
    return [value for value in values if is_number(value)]
