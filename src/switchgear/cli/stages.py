"""The stages of a run, one command each, and `run`, which does them all."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from switchgear.cli.app import Overrides, RecipePath, app, console, opened, recorded
from switchgear.cli.evaluate import evaluate
from switchgear.cli.report import report
from switchgear.data.dataset.formats import Format
from switchgear.errors import DataError, ModelError, TemplateError
from switchgear.recipe import Recipe
from switchgear.runs import read_models, record, replacing
from switchgear.schema import Example, Trace


@app.command(epilog="Example: switchgear prepare recipes/demo.yaml data.sources.0.limit=100 --format parquet")
def prepare(
    recipe: RecipePath,
    overrides: Overrides = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="What to write beside the JSONL that training reads; give it again for more."),
    ] = None,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out sources whose files are not here, and list them.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Read so many files at a time. As many as processors, if not given.")
    ] = None,
    tokens: Annotated[
        bool, typer.Option("--tokens/--no-tokens", help="Measure lengths with the model's tokenizer, if it is here.")
    ] = True,
) -> None:
    """Read the sources, check labels, split, and write the dataset with its card."""
    from switchgear.data.dataset.card import table
    from switchgear.data.dataset.prepare import prepare as stage
    from switchgear.data.dataset.workers import available

    loaded, run = opened(recipe, overrides)
    with recorded(run, "prepare"):
        card = stage(
            loaded,
            run,
            console,
            formats=formats or [Format.PARQUET],
            processes=processes or available(),
            skip_missing=skip_missing,
            count_tokens=_token_counter(loaded) if tokens else None,
        )
    record(run, data=card["sha256"])
    console.print(table(card))
    console.print(f"Card: {run.dataset / 'card.html'}")


def _token_counter(recipe: Recipe) -> Callable[[Example], int] | None:
    """Counts the tokens of a whole conversation; None, and a line that says why, if there is no tokenizer."""
    from switchgear.model.load import load_tokenizer
    from switchgear.model.render import render

    try:
        tokenizer = load_tokenizer(recipe.model)
    except (ModelError, TemplateError) as error:
        console.print(f"No token counts: {error}", markup=False, highlight=False)
        return None
    return lambda example: len(render(example, tokenizer).ids)


@app.command(epilog="Example: switchgear preview recipes/demo.yaml --trace hijacked --html preview.html")
def preview(
    recipe: RecipePath,
    overrides: Overrides = None,
    trace: Annotated[Trace, typer.Option(help="Which kind of trace to show.")] = Trace.HIJACKED,
    number: Annotated[int, typer.Option(help="Which one of them, counted from 0.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Also write the same as a page.")] = None,
) -> None:
    """Show a rendered training example: its spans in colour, its loss mask underlined."""
    from switchgear.model.load import load_tokenizer
    from switchgear.model.preview import to_html, to_terminal
    from switchgear.model.render import render
    from switchgear.training.batches import rerouted

    loaded, run = opened(recipe, overrides)
    path = run.need(run.dataset / "train.jsonl", "prepare")
    examples = [example for example in read_models(path, Example) if example.trace is trace]
    if not 0 <= number < len(examples):
        raise DataError(f"--number {number}: {path} holds {len(examples)} {trace} examples, counted from 0.")
    example = examples[number]
    rendered = render(example, load_tokenizer(loaded.model), loaded.render.max_tokens)
    mask = [weight > 0 for weight in rerouted(example, rendered, loaded.train)]
    console.print(to_terminal(rendered, mask))
    if html:
        with replacing(html) as file:
            file.write(to_html(rendered, mask, example.id))
        console.print(f"The same as a page: {html}")


@app.command(
    epilog="Example: switchgear train recipes/demo.yaml train.steps=80. Ctrl-C stops cleanly; the same command resumes."
)
def train(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Train the adapter on a prepared dataset, or resume."""
    from switchgear.training.train import train as stage

    loaded, run = opened(recipe, overrides)
    with recorded(run, "train"):
        finished = stage(loaded, run, console)
    if not finished:
        raise typer.Exit(130)


@app.command(name="run", epilog="Example: switchgear run recipes/demo.yaml run=runs/mine seed=1")
def run_all(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Prepare, train, evaluate and report. A dataset, an adapter and answers that are there are kept."""
    _, run = opened(recipe, overrides)
    if not (run.dataset / "card.json").exists():
        prepare(recipe, overrides)
    train(recipe, overrides)
    evaluate(recipe, overrides)
    report(recipe, overrides)
