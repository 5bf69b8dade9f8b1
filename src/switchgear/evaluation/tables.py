"""What a summary holds besides its verdict, for a terminal of 110 columns."""

from typing import Any

from rich.table import Table

from switchgear.terminal import percent, table

FORM = ("attempted", "malformed", "native_format", "incoherent")
"""Measures of how answers are written; the summary has them."""


def task_table(summary: dict[str, Any]) -> Table:
    """A row for each task and measure: both rates, in percent, and their difference on the samples of both."""
    differences = {(line["task"], line["measure"]): line for line in summary["task_differences"]}
    rates = {(line["task"], line["measure"], line["model"]): line for line in summary["tasks"]}
    shown = table("Task", "Measure", "n", "Frozen", "Adapted", "Change", "Beside")
    for task, measure in dict.fromkeys((task, measure) for task, measure, _ in rates if measure not in FORM):
        both = [rates.get((task, measure, model)) for model in ("frozen", "adapted")]
        cells = [percent(line) if line else "-" for line in both]
        change = differences.get((task, measure))
        beside = sum(line["errors"] + line["unscored"] + line["missing"] for line in both if line)
        n = "/".join(str(line["n"]) for line in both if line)
        shown.add_row(task, measure, n, *cells, percent(change, "difference") if change else "-", str(beside))
    return shown
