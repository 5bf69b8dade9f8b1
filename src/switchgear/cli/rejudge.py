"""The command `rejudge`: verdicts on answers that are stored."""

from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from switchgear.cli.app import Overrides, RecipePath, app, console, opened, recorded
from switchgear.errors import RecipeError
from switchgear.terminal import percent, table


@app.command(epilog="Example: switchgear rejudge recipes/demo.yaml --judge rules --judge rubric=hf/models/judge")
def rejudge(
    recipe: RecipePath,
    overrides: Overrides = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME=MODEL, any number of times. Default: those of evaluate.judges."),
    ] = None,
) -> None:
    """Judge the stored answers of a run again, without its model."""
    from switchgear.evaluation.judges import judge_of, named
    from switchgear.evaluation.rejudge import rejudge as stage

    loaded, run = opened(recipe, overrides)
    chosen = [(named(text), True) for text in judge or ()] or [(each, False) for each in loaded.evaluate.judges]
    if not chosen:
        raise RecipeError("No judge: name one with --judge, or set evaluate.judges in the recipe.")
    judges = [judge_of(each, allow_code) for each, allow_code in chosen]
    with recorded(run, "rejudge"), Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("judging", total=None)
        summary = stage(run, judges, lambda: bar.advance(task))
    console.print(_table(summary))
    for line in summary["agreement"]:
        if line["alpha"] is not None:
            console.print(f"· Krippendorff's alpha, {line['question']}: {line['alpha']:.2f} (n = {line['n']})")


def _table(summary: dict[str, Any]) -> Table:
    shown = table("Judge", "Cases", "Mode", "Model", "n", "Unscored", "Complied", "Refused", "Incoherent")
    for line in summary["rates"]:
        names = [str(line[name]) for name in ("judge", "kind", "mode", "model")]
        rates = [percent(line[name]) for name in ("complied", "refused", "incoherent")]
        shown.add_row(*names, str(sum(line["outcomes"].values())), str(line["unscored"]), *rates)
    return shown
