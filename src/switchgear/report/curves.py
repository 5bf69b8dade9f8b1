"""The curves of a training run, from the lines of metrics.jsonl."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from switchgear.report.charts import Point, line_chart

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
    """`title`, `note` and `chart` of each panel; lines without a metric leave it out of that line only."""
    lines = list(metrics)
    return [{"title": name, "note": note, "chart": _chart(name, labels, lines)} for name, note, labels in PANELS]


def _chart(name: str, labels: Mapping[str, str], lines: list[Mapping[str, Any]]) -> Markup:
    return line_chart(name, {label: _points(metric, lines) for metric, label in labels.items()})


def _points(metric: str, lines: list[Mapping[str, Any]]) -> list[Point]:
    return [(line["step"], line[metric]) for line in lines if "step" in line and metric in line]
