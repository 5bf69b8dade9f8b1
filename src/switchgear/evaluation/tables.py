"""What a summary holds besides its verdict, for a terminal of 110 columns."""

from typing import Any

from rich.table import Table

from switchgear.terminal import percent, table

FORM = ("attempted", "malformed", "native_format")
"""Measures of how calls are written; the summary has them."""


def task_table(summary: dict[str, Any]) -> Table:
    """For each task, and each judge where there are several, a row for each measure: both rates, in percent, and their
    difference on the samples of both. Measures that no sample asks for are left out."""
    differences = {(line["task"], line["judge"], line["measure"]): line for line in summary["task_differences"]}
    rates = {(line["task"], line["judge"], line["measure"], line["model"]): line for line in summary["tasks"]}
    several = len({judge for _, judge, *_ in rates if judge}) > 1
    shown = table("Task", "n", "Frozen", "Adapted", "Change", "Beside")
    heading = ""
    for task, judge, measure in dict.fromkeys(key[:3] for key in rates if key[2] not in FORM):
        both = [rates.get((task, judge, measure, model)) for model in ("frozen", "adapted")]
        beside = sum(line["errors"] + line["unscored"] + line["missing"] for line in both if line)
        if not beside and not any(line and line["n"] for line in both):
            continue
        above, heading = heading, f"{task}, by {judge}" if several and judge else task
        if heading != above:
            shown.add_row(heading)
        n = "/".join(str(line["n"]) for line in both if line)
        change = differences.get((task, judge, measure))
        cells = [percent(line) if line else "-" for line in both]
        shown.add_row(f" {measure}", n, *cells, percent(change, "difference") if change else "-", str(beside))
    return shown
