"""The command `sweep`: one recipe, several runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from switchgear.cli import stages
from switchgear.cli.app import app, console
from switchgear.cli.evaluate import evaluate
from switchgear.cli.report import report
from switchgear.errors import RecipeError, SwitchgearError
from switchgear.training.sweep import Point, Sweep

SweepPath = Annotated[Path, typer.Argument(metavar="SWEEP", help="A YAML file; recipes/sweep.yaml is a commented one.")]


@app.command(epilog="Example: switchgear sweep recipes/sweep.yaml. What was cut off resumes with the same command.")
def sweep(
    path: SweepPath,
    number: Annotated[
        int | None, typer.Option(help="Only this run, counted from 0: one task of a job array each.")
    ] = None,
) -> None:
    """Run a recipe with every combination of some values, and show what each came to. A run that fails stops none."""
    from switchgear.training.sweep import load, points, table

    loaded = load(path)
    found = points(loaded)
    if number is not None and not 0 <= number < len(found):
        raise RecipeError(f"--number {number}: the sweep has {len(found)} runs, counted from 0.")
    chosen = found if number is None else [found[number]]
    errors: dict[str, str] = {}
    for count, point in enumerate(chosen, start=1):
        console.rule(escape(f"{count}/{len(chosen)}  {point.name}"))
        try:
            _run(loaded, point)
        except Exception as error:  # the runs after it are no worse for it
            errors[point.name] = type(error).__name__
            if not isinstance(error, SwitchgearError):
                console.print_exception()
            console.print(f"{type(error).__name__}: {error}", style="red", markup=False, highlight=False)
    console.print(table(found, errors))
    if errors:
        raise typer.Exit(1)


def _run(sweep: Sweep, point: Point) -> None:
    overrides = list(point.overrides)
    if not (point.run.dataset / "card.json").exists():
        stages.prepare(sweep.recipe, overrides)
    stages.train(sweep.recipe, overrides)
    if sweep.evaluate:
        evaluate(sweep.recipe, overrides)
        report(sweep.recipe, overrides)
