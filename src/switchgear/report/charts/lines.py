"""Lines over something that grows: optimiser steps, or what an attack may spend."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from switchgear.report.charts.svg import Scale, joined, level, path, tag, ticks, upright
from switchgear.report.text import is_number, number

WIDTH, HEIGHT = 420, 262
LEFT, RIGHT, TOP, BOTTOM = 46, 408, 60, 222  # of the plot
Series = Mapping[str, Sequence[tuple[Any, Any]]]
Bands = Mapping[str, Sequence[tuple[Any, Any, Any]]]


def line_chart(
    title: str,
    series: Series,
    along: str = "step",
    bands: Bands | None = None,
    reach: tuple[float, ...] = (),
    event: tuple[float, str] | None = None,
    written: Callable[[object], str] = number,
) -> Markup:
    """Lines with axes, a legend, and a read-out that follows the pointer.

    Args:
        series: label to (x, y) points in order of x; the label is also the line's class. Points that are not finite
            are left out. The y axis always contains 0, and `reach`.
        along: what x is.
        bands: label to (x, low, high), drawn behind the line of that label.
        event: an x to mark with a dashed line, and what happened there.
        written: how a y is written.
    """
    series = {label: [point for point in points if all(map(is_number, point))] for label, points in series.items()}
    places = sorted({x for points in series.values() for x, _ in points})
    if not places:
        return tag("p", "no data", class_="none")
    values = [0.0, *reach, *(y for points in series.values() for _, y in points)]
    rows, columns = ticks(min(values), max(values)), ticks(min(0, places[0]), places[-1])
    across, up = Scale(columns[0], columns[-1], LEFT, RIGHT), Scale(rows[0], rows[-1], BOTTOM, TOP)

    def told(x: float) -> str:
        found = [f"{label} {written(y)}" for label, points in series.items() for at, y in points if at == x]
        return " · ".join([f"{along} {number(x)}", *found])

    marks = [
        *_axes(across, up, [(x, number(x)) for x in columns], [(y, written(y)) for y in rows], along),
        *(_band(label, band, across, up) for label, band in (bands or {}).items()),
        *(path(_kind(label), [(across(x), up(y)) for x, y in points]) for label, points in series.items()),
        *(_dot(label, across(x), up(y)) for label, points in series.items() if bands for x, y in points),
        *_event(event, across),
        *_legend(series),
        *_readouts({x: told(x) for x in places}, across),
    ]
    spoken = f"{title}. {told(places[-1])}"
    return tag("svg", *marks, class_="lines", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=spoken)


def _axes(
    across: Scale, up: Scale, columns: Sequence[tuple[float, str]], rows: Sequence[tuple[float, str]], along: str
) -> list[Markup]:
    return [
        *(level("grid" if y else "zero", up(y), LEFT, RIGHT) for y, _ in rows),
        *(tag("text", name, class_="end", x=LEFT - 7, y=up(y) + 4) for y, name in rows),
        *(tag("text", name, class_="middle", x=across(x), y=BOTTOM + 17) for x, name in columns),
        tag("text", along, class_="middle", x=(LEFT + RIGHT) / 2, y=BOTTOM + 35),
    ]


def _band(label: str, band: Sequence[tuple[Any, Any, Any]], across: Scale, up: Scale) -> Markup:
    edges = [(x, low, high) for x, low, high in band if all(map(is_number, (x, low, high)))]
    there = [(across(x), up(high)) for x, _, high in edges]
    back = [(across(x), up(low)) for x, low, _ in reversed(edges)]
    return tag("polygon", class_=f"area {label}", points=joined([*there, *back]))


def _dot(label: str, x: float, y: float) -> Markup:
    return tag("circle", class_=f"dot {label}", cx=x, cy=y, r=3.5)


def _event(event: tuple[float, str] | None, across: Scale) -> list[Markup]:
    if event is None:
        return []
    x, what = across(event[0]), event[1]
    return [upright("aim", x, TOP - 4, BOTTOM), tag("text", what, class_="middle", x=x, y=TOP - 7)]


def _legend(series: Series) -> list[Markup]:
    marks, x = [], LEFT
    for label in series:
        marks += [path(_kind(label), [(x, 10), (x + 22, 10)]), tag("text", label, x=x + 28, y=14)]
        x += 46 + 7 * len(label)
    return marks


def _readouts(told: Mapping[float, str], across: Scale) -> list[Markup]:
    """A column per x that shows its values while the pointer is over it; the last one's are shown otherwise."""
    marks = [tag("text", list(told.values())[-1], class_="readout last", x=LEFT, y=34)]
    wide = round((RIGHT - LEFT) / max(1, len(told) - 1), 2)
    for at, text in told.items():
        column = tag("rect", x=round(across(at) - wide / 2, 2), y=TOP, width=wide, height=BOTTOM - TOP)
        readout = tag("text", text, class_="readout", x=LEFT, y=34)
        marks.append(tag("g", column, upright("pointer", across(at), TOP, BOTTOM), readout, class_="hover"))
    return marks


def _kind(label: str) -> str:
    return f"series {label.replace(' ', '-')}"
