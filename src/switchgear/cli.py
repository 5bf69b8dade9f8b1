"""The command line: parse, call one function, print. Every stage reads the same recipe and writes its run folder."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from switchgear import recipe as recipes
from switchgear.errors import DataError, SwitchgearError
from switchgear.recipe import Recipe
from switchgear.runs import Run, peak_memory, read_json, read_models, record, replacing
from switchgear.schema import Example, Trace

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Install circuit breakers in language models and agents, and show that they hold.",
    epilog="Exit codes: 0 done, 1 other error, 2 recipe or command line, 3 data, 4 model or template, "
    "5 stopped by a gate, 6 run folder, 130 interrupted (the same command resumes).",
)
console = Console()

RecipePath = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="A YAML recipe; recipes/demo.yaml is a commented one.")
]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Override any field of the recipe.")
]


@app.command(epilog="Example: switchgear prepare recipes/demo.yaml data.sources.0.limit=100")
def prepare(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Read the sources, check labels, split, and write the dataset with its card."""
    from switchgear.data.card import table
    from switchgear.data.prepare import prepare as stage

    loaded, run = _open(recipe, overrides)
    with _recorded(run, "prepare"):
        card = stage(loaded, run, console)
    record(run, data=card["sha256"])
    console.print(table(card))


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
    from switchgear.model.masks import loss_mask
    from switchgear.model.preview import to_html, to_terminal
    from switchgear.model.render import render

    loaded, run = _open(recipe, overrides)
    path = run.need(run.dataset / "train.jsonl", "prepare")
    examples = [example for example in read_models(path, Example) if example.trace is trace]
    if not 0 <= number < len(examples):
        raise DataError(f"--number {number}: {path} holds {len(examples)} {trace} examples, counted from 0.")
    example = examples[number]
    rendered = render(example, load_tokenizer(loaded.model), loaded.render.max_tokens)
    mask = loss_mask(loaded.train.mask, rendered, example)
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

    loaded, run = _open(recipe, overrides)
    with _recorded(run, "train"):
        finished = stage(loaded, run, console)
    if not finished:
        raise typer.Exit(130)


@app.command(epilog="Example: switchgear evaluate recipes/demo.yaml evaluate.limit=50")
def evaluate(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Put frozen and adapted model before the held-out cases, and score what they do."""
    from switchgear.evaluation.evaluate import evaluate as stage
    from switchgear.evaluation.verdict import verdict_table

    loaded, run = _open(recipe, overrides)
    with _recorded(run, "evaluate"):
        summary = stage(loaded, run, console)
    console.print(verdict_table(summary))
    for note in summary["notes"]:
        console.print(f"· {note}")


@app.command(epilog="Example: switchgear report recipes/demo.yaml")
def report(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Write one self-contained page from the run folder."""
    from switchgear.report.build import build

    _, run = _open(recipe, overrides)
    console.print(f"Report: {build(run)}")


@app.command(name="run", epilog="Example: switchgear run recipes/demo.yaml run=runs/mine seed=1")
def run_all(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Prepare, train, evaluate and report. A dataset and an adapter that are there are kept."""
    _, run = _open(recipe, overrides)
    if not (run.dataset / "card.json").exists():
        prepare(recipe, overrides)
    train(recipe, overrides)
    evaluate(recipe, overrides)
    report(recipe, overrides)


def _open(path: Path, overrides: list[str] | None) -> tuple[Recipe, Run]:
    loaded = recipes.load(path, overrides or [])
    return loaded, recipes.claim(loaded)


@contextmanager
def _recorded(run: Run, stage: str) -> Iterator[None]:
    """Puts a stage's wall time (over all its sessions) and largest peak memory into the provenance."""
    began = time.monotonic()
    yield
    seconds, peak = time.monotonic() - began, peak_memory() or 0
    known = read_json(run.provenance)
    total = round(known.get("wall_seconds", {}).get(stage, 0) + seconds, 1)
    highest = max(known.get("peak_memory_bytes", {}).get(stage) or 0, peak) or None
    record(run, wall_seconds={stage: total}, peak_memory_bytes={stage: highest})
    console.print(f"{stage}: {seconds:.0f} s" + (f", peak memory {peak / 2**30:.1f} GiB" if peak else ""))


def main() -> None:
    """Entry point. Errors of ours are one message on standard error and an exit code; others keep their traceback."""
    try:
        app()
    except SwitchgearError as error:
        message = f"{type(error).__name__}: {error}"
        Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
