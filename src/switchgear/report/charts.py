"""Charts as SVG strings: pure functions of numbers. Colours come from the page's style sheet, by class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from switchgear.report.text import interval, is_number, number, percent

Point = tuple[float, float]
WIDTH, HEIGHT = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 408, 48, 210  # of the plot inside a line chart
LANES = {"frozen": 9, "adapted": 23}  # y of each model's lane in an interval chart


@dataclass(frozen=True)
class Scale:
    """A linear map from `low..high` (data) to `start..stop` (pixels or per cent)."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 2)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in `count` or so even steps that enclose `low <= 0 <= high`."""
    high = high if high - low > 1e-12 else low + 1
    magnitude = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude * count >= (high - low) * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def interval_chart(rates: Mapping[str, Any], aim: float | None = None) -> Markup:
    """Frozen above adapted on one axis from 0% to 100%: a dot at the rate, a band over its 95% interval.

    Args:
        rates: "frozen" and "adapted" to records with `rate`, `low` and `high` as shares, or None. A model without a
            rate gets no mark.
        aim: a share to draw as a dashed line.
    """
    across = Scale(0, 1, 0, 100)
    marks = [_upright("grid", f"{x}%", 0, 32) for x in (0, 25, 50, 75, 100)]
    if aim is not None:
        marks.append(_upright("aim", f"{across(aim)}%", -3, 35))
    spoken = []
    for model, y in LANES.items():
        rate = rates.get(model) or {}
        spoken.append(f"{model} {percent(rate.get('rate'))}, 95% interval {interval(rate)}")
        marks += _mark(model, across, y, rate.get("rate"), rate.get("low"), rate.get("high"))
    return _tag("svg", *marks, class_="intervals", height=32, role="img", aria_label="; ".join(spoken))


def difference_chart(difference: float, low: float, high: float, reach: float) -> Markup:
    """One difference and its interval on an axis from `-reach` to `reach`, with a line at 0."""
    marks = [_upright("zero", "50%", 0, 20), *_mark("adapted", Scale(-reach, reach, 0, 100), 10, difference, low, high)]
    spoken = f"{number(difference)}, 95% interval {number(low)} to {number(high)}"
    return _tag("svg", *marks, class_="intervals", height=20, role="img", aria_label=spoken)


def line_chart(title: str, series: Mapping[str, Sequence[Point]]) -> Markup:
    """Lines over optimiser steps, with axes, a legend, and a read-out that follows the pointer.

    Args:
        series: label to (step, value) points in order of step; the label is also the line's class. Points that are
            not finite are left out. The y axis always contains 0.
    """
    series = {label: [point for point in points if all(map(is_number, point))] for label, points in series.items()}
    steps = sorted({step for points in series.values() for step, _ in points})
    if not steps:
        return _tag("p", "no data", class_="none")
    values = [value for points in series.values() for _, value in points]
    rows, columns = ticks(min(0.0, *values), max(0.0, *values)), ticks(min(0, steps[0]), steps[-1])
    across, up = Scale(columns[0], columns[-1], LEFT, RIGHT), Scale(rows[0], rows[-1], BOTTOM, TOP)
    marks = [
        *_axes(across, up, columns, rows),
        *(_path(label, [(across(step), up(value)) for step, value in points]) for label, points in series.items()),
        *_legend(series),
        *_readouts(steps, series, across),
    ]
    spoken = f"{title}. {_readout(steps[-1], series)}"
    return _tag("svg", *marks, class_="lines", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=spoken)


def _axes(across: Scale, up: Scale, columns: Sequence[float], rows: Sequence[float]) -> list[Markup]:
    lines = [_tag("line", class_="grid" if y else "zero", x1=LEFT, x2=RIGHT, y1=up(y), y2=up(y)) for y in rows]
    names = [_tag("text", number(y), class_="end", x=LEFT - 7, y=up(y) + 4) for y in rows]
    steps = [_tag("text", number(x), class_="middle", x=across(x), y=BOTTOM + 17) for x in columns]
    return [*lines, *names, *steps, _tag("text", "step", class_="middle", x=(LEFT + RIGHT) / 2, y=BOTTOM + 35)]


def _legend(labels: Sequence[str] | Mapping[str, Any]) -> list[Markup]:
    marks, x = [], LEFT
    for label in labels:
        marks += [_path(label, [(x, 10), (x + 22, 10)]), _tag("text", label, x=x + 28, y=14)]
        x += 46 + 7 * len(label)
    return marks


def _readouts(steps: Sequence[float], series: Mapping[str, Sequence[Point]], across: Scale) -> list[Markup]:
    """A column per step that shows its values while the pointer is over it; the last step's are shown otherwise."""
    marks = [_tag("text", _readout(steps[-1], series), class_="readout last", x=LEFT, y=34)]
    wide = round((RIGHT - LEFT) / max(1, len(steps) - 1), 2)
    for step in steps:
        column = _tag("rect", x=round(across(step) - wide / 2, 2), y=TOP, width=wide, height=BOTTOM - TOP)
        values = _tag("text", _readout(step, series), class_="readout", x=LEFT, y=34)
        marks.append(_tag("g", column, _upright("pointer", across(step), TOP, BOTTOM), values, class_="hover"))
    return marks


def _readout(step: float, series: Mapping[str, Sequence[Point]]) -> str:
    values = [f"{label} {number(value)}" for label, points in series.items() for at, value in points if at == step]
    return " · ".join([f"step {number(step)}", *values])


def _mark(model: str, across: Scale, y: int, value: object, low: object, high: object) -> list[Markup]:
    if not is_number(value):
        return []
    dot = _tag("circle", class_=f"dot {model}", cx=f"{across(value)}%", cy=y, r=4.5)
    if not (is_number(low) and is_number(high)):
        return [dot]
    return [_tag("line", class_=f"band {model}", x1=f"{across(low)}%", x2=f"{across(high)}%", y1=y, y2=y), dot]


def _upright(kind: str, x: object, top: float, bottom: float) -> Markup:
    return _tag("line", class_=kind, x1=x, x2=x, y1=top, y2=bottom)


def _path(label: str, points: Sequence[Point]) -> Markup:
    kind = f"series {label.replace(' ', '-')}"
    return _tag("polyline", class_=kind, points=" ".join(f"{x},{y}" for x, y in points))


def _tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element with everything in it escaped; `class_` is `class`, `aria_label` is `aria-label`."""
    written = [Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()]
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup("").join(written), Markup("").join(children))
