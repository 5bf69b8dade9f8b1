"""The curves of a training run, from the lines of metrics.jsonl."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from switchgear.report.charts.lines import line_chart
from switchgear.report.charts.svg import Point
from switchgear.report.text import is_number

PANELS = (  # (title, what to look for, {metric: label})
    ("Losses", "Reroute falls; retain peaks in between and comes back.", {"reroute": "reroute", "retain": "retain"}),
    (
        "Cosine to the frozen states",
        "On groups kept aside from training. Harmful falls to 0 or below; benign stays near 1.",
        {"cosine_harmful": "harmful", "cosine_benign": "benign"},
    ),
    (
        "Coefficients",
        "What the schedule gave each loss.",
        {"reroute_coefficient": "reroute", "retain_coefficient": "retain"},
    ),
    (
        "Norm of the adapted states",
        "Harmful states often grow as they are rerouted; benign ones should keep their size.",
        {"norm_harmful": "harmful", "norm_benign": "benign"},
    ),
    ("Retain drift", "How far benign states have moved, on groups kept aside.", {"retain_drift": "drift"}),
    (
        "Total loss and gradient norm",
        "Spikes suggest a learning rate that is too high.",
        {"loss": "loss", "grad_norm": "gradient norm"},
    ),
)


def panels(metrics: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`title`, `note` and `chart` of each panel that something was logged for, the turn of the run marked in each."""
    lines = list(metrics)
    turn = transition(lines)
    told = {PANELS[0][0]: f"turns by step {turn:g}"} if turn is not None else {}
    return [
        {"title": name, "note": note, "chart": _chart(name, labels, lines, turn, told.get(name, ""))}
        for name, note, labels in PANELS
        if any(_points(metric, lines) for metric in labels)
    ]


def transition(metrics: Iterable[Mapping[str, Any]]) -> float | None:
    """The first logged step at which the reroute loss is past the middle between its first and its lowest value.

    A run starts on a plateau, since cos(h, h0) = 1 is a saddle, and then turns within few steps. None: it fell by less
    than half, so it has not turned.
    """
    points = [point for point in _points("reroute", list(metrics)) if is_number(point[1])]
    if not points:
        return None
    start, lowest = points[0][1], min(loss for _, loss in points)
    if lowest > start / 2:
        return None
    return next(step for step, loss in points if loss <= (start + lowest) / 2)


def _chart(
    name: str, labels: Mapping[str, str], lines: list[Mapping[str, Any]], turn: float | None, told: str
) -> Markup:
    series = {label: _points(metric, lines) for metric, label in labels.items()}
    return line_chart(name, series, event=None if turn is None else (turn, told))


def _points(metric: str, lines: list[Mapping[str, Any]]) -> list[Point]:
    return [(line["step"], line[metric]) for line in lines if "step" in line and metric in line]
