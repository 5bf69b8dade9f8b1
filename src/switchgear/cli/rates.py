"""The command `rates`: figures out of Inspect's logs."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from switchgear.cli.app import app, console
from switchgear.errors import RecipeError


@app.command(
    epilog="Example: switchgear rates logs/*.eval, after inspect eval switchgear/hijack --model switchgear/runs/demo"
)
def rates(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Logs of Inspect, finished or stopped.")],
    compare: Annotated[
        bool, typer.Option("--compare", help="Two logs of one task, on the samples of both: frozen, then adapted.")
    ] = False,
) -> None:
    """Rates out of Inspect's logs, with their n and intervals; what failed is counted beside them."""
    from switchgear.evaluation.inspect import logs as inspect_logs

    if compare and len(logs) != 2:
        raise RecipeError(f"--compare takes two logs; {len(logs)} were given.")
    found = [inspect_logs.read(path) for path in logs]
    if compare:
        console.print(_differences(inspect_logs.compared(*found)))
    else:
        console.print(_rates([line for log in found for line in inspect_logs.rates(log)]))


def _rates(lines: list[dict[str, Any]]) -> Table:
    table = _table("Task", "Model", "Measure", "Rate", "n", "Errors", "Unscored", "Missing")
    for line in lines:
        beside = [str(line[name]) for name in ("n", "errors", "unscored", "missing")]
        table.add_row(line["task"], line["model"], line["measure"], _share(line, "rate"), *beside)
    return table


def _differences(lines: list[dict[str, Any]]) -> Table:
    table = _table("Measure", "First", "Second", "Difference", "n", "p")
    for line in lines:
        both = [f"{100 * line[name]:.0f}" for name in ("frozen", "adapted")]
        table.add_row(line["measure"], *both, _share(line, "difference"), str(line["n"]), f"{line['p_value']:.3f}")
    return table


def _share(line: dict[str, Any], name: str) -> str:
    """In percent, with the interval."""
    if line[name] is None:
        return "-"
    interval = "" if line["low"] is None else f" ({100 * line['low']:.0f}, {100 * line['high']:.0f})"
    return f"{100 * line[name]:.0f}{interval}"


def _table(*columns: str) -> Table:
    return Table(*columns, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
