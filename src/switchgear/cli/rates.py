"""The command `rates`: figures out of Inspect's logs."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from switchgear.cli.app import app, console
from switchgear.errors import RecipeError
from switchgear.terminal import percent, table


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
    shown = table("Task", "Model", "Measure", "Rate", "n", "Errors", "Unscored", "Missing")
    for line in lines:
        beside = [str(line[name]) for name in ("n", "errors", "unscored", "missing")]
        shown.add_row(line["task"], line["model"], line["measure"], percent(line, "rate"), *beside)
    return shown


def _differences(lines: list[dict[str, Any]]) -> Table:
    shown = table("Measure", "First", "Second", "Difference", "n", "p")
    for line in lines:
        both = [f"{100 * line[name]:.0f}" for name in ("frozen", "adapted")]
        shown.add_row(line["measure"], *both, percent(line, "difference"), str(line["n"]), f"{line['p_value']:.3f}")
    return shown
