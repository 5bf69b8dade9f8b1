"""The command `evaluate`: both models before the held-out cases, and what they came to."""

from pathlib import Path
from typing import Annotated

import typer

from switchgear.cli.app import Overrides, app, console, opened, recorded
from switchgear.recipe import load, suites
from switchgear.recipe.benchmarks import sources
from switchgear.runs import Run


@app.command(
    epilog="Example: switchgear evaluate recipes/demo.yaml --suite standard --data data --limit 20 --judge "
    "rubric=hf/models/judge. The same command resumes."
)
def evaluate(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A YAML recipe, or the folder of its run.")],
    overrides: Overrides = None,
    suite: Annotated[
        str | None, typer.Option(help="quick, standard or full: a preset of section evaluate; KEY=VALUE comes on top.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A folder of public benchmarks, in place of evaluate.sources: XSTest, BFCL ...")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many cases of each kind, task and attack: a first look.")
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME=MODEL, any number of times, in place of evaluate.judges."),
    ] = None,
) -> None:
    """Put frozen and adapted model before the held-out cases, and score what they do."""
    from switchgear.evaluation.attacks.table import attack_table
    from switchgear.evaluation.evaluate import evaluate as stage
    from switchgear.evaluation.judges import judge_of, named
    from switchgear.evaluation.tables import task_table
    from switchgear.evaluation.verdict import verdict_table

    chosen = [*(suites.overrides(suite) if suite else []), *([sources(data)] if data else []), *(overrides or [])]
    if recipe.is_dir():
        recipe, chosen = Run(recipe).recipe, [*chosen, f"run={recipe}"]
    if limit:
        chosen += suites.limited(load(recipe, chosen).evaluate, limit)
    loaded, run = opened(recipe, chosen)
    asked = [named(text) for text in judge or ()]
    if asked:
        loaded = loaded.model_copy(update={"evaluate": loaded.evaluate.model_copy(update={"judges": tuple(asked)})})
    judges = [judge_of(each, allow_code=True) for each in asked] or None
    with recorded(run, "evaluate"):
        summary = stage(loaded, run, console, judges)
    console.print(verdict_table(summary))
    if summary["attacks"]:
        console.print(attack_table(summary["attacks"]))
    if summary["tasks"]:
        console.print(task_table(summary))
    for note in summary["notes"]:
        console.print(f"· {note}", markup=False, highlight=False)
