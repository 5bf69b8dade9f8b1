"""Rates and differences as dots on bands, to stand in the rows of a table."""

from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

from markupsafe import Markup

from switchgear.report.charts.svg import Scale, tag, upright
from switchgear.report.text import interval, is_number, number, percent

LANES = {"frozen": 9, "adapted": 23}  # y of each model's lane


def interval_chart(rates: Mapping[str, Any], aim: float | None = None) -> Markup:
    """Frozen above adapted on one axis from 0% to 100%: a dot at the rate, a band over its 95% interval.

    Args:
        rates: "frozen" and "adapted" to records with `rate`, `low` and `high` as shares, or None. A model without a
            rate gets no mark.
        aim: a share to draw as a dashed line.
    """
    across = Scale(0, 1, 0, 100)
    marks = [upright("grid", f"{x}%", 0, 32) for x in (0, 25, 50, 75, 100)]
    if aim is not None:
        marks.append(upright("aim", f"{across(aim)}%", -3, 35))
    spoken = []
    for model, y in LANES.items():
        rate = rates.get(model) or {}
        spoken.append(f"{model} {percent(rate.get('rate'))}, 95% interval {interval(rate)}")
        marks += _mark(model, across, y, rate.get("rate"), rate.get("low"), rate.get("high"))
    return tag("svg", *marks, class_="intervals", height=32, role="img", aria_label="; ".join(spoken))


def single_chart(model: str, rate: Mapping[str, Any]) -> Markup:
    """One model's rate from 0% to 100%, for a cell that also has it in figures."""
    marks = _mark(model, Scale(0, 1, 0, 100), 7, rate.get("rate"), rate.get("low"), rate.get("high"))
    return tag(
        "svg",
        upright("grid", "0%", 0, 14),
        upright("grid", "100%", 0, 14),
        *marks,
        class_="single",
        height=14,
        aria_hidden="true",
    )


def difference_chart(difference: float, low: float, high: float, reach: float) -> Markup:
    """One difference and its interval on an axis from `-reach` to `reach`, with a line at 0."""
    marks = [upright("zero", "50%", 0, 20), *_mark("adapted", Scale(-reach, reach, 0, 100), 10, difference, low, high)]
    spoken = f"{number(difference)}, 95% interval {number(low)} to {number(high)}"
    return tag("svg", *marks, class_="intervals", height=20, role="img", aria_label=spoken)


def share_chart(counts: Mapping[str, int]) -> Markup:
    """One bar from 0% to 100% in parts; each part has its name as class."""
    across = Scale(0, sum(counts.values()) or 1, 0, 100)
    ends = list(accumulate(counts.values(), initial=0))
    parts = [
        tag("rect", class_=name, x=f"{across(start)}%", width=f"{across(end - start)}%", height=16)
        for name, (start, end) in zip(counts, pairwise(ends), strict=True)
    ]
    spoken = ", ".join(f"{name} {count}" for name, count in counts.items())
    return tag("svg", *parts, class_="shares", height=16, role="img", aria_label=spoken)


def _mark(model: str, across: Scale, y: int, value: object, low: object, high: object) -> list[Markup]:
    if not is_number(value):
        return []
    dot = tag("circle", class_=f"dot {model}", cx=f"{across(value)}%", cy=y, r=4.5)
    if not (is_number(low) and is_number(high)):
        return [dot]
    return [tag("line", class_=f"band {model}", x1=f"{across(low)}%", x2=f"{across(high)}%", y1=y, y2=y), dot]
