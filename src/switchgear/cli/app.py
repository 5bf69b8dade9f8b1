"""What all commands share: the application, its console, how a recipe is opened and a stage recorded."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from switchgear import recipe as recipes
from switchgear.errors import RunError
from switchgear.recipe import Recipe
from switchgear.runs import Run, first_process, locked, peak_memory, read_json, record

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Install circuit breakers in language models and agents, and show that they hold.",
    epilog="Exit codes: 0 done, 1 other error, 2 recipe or command line, 3 data, 4 model or template, "
    "5 stopped by a gate, 6 run folder, 130 interrupted (the same command resumes).",
)
PLAIN_WIDTH = 110
"""Of what is written to a file or a pipe, which has no width of its own: the widest table fits."""

console = Console(quiet=not first_process())
if not console.is_terminal:
    console.width = PLAIN_WIDTH

RecipePath = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="A YAML recipe; recipes/demo.yaml is a commented one.")
]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Override any field of the recipe.")
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a trained run, such as runs/demo.")]


def opened_run(folder: Path) -> tuple[Recipe, Run]:
    """A run folder with the recipe that it was made with. Raises `RunError` if it is none."""
    run = Run(folder)
    if not run.recipe.is_file():
        raise RunError(f"{folder} is no run folder: it has no recipe.yaml. Make one: switchgear run recipes/demo.yaml")
    return recipes.load(run.recipe), run


def opened(path: Path, overrides: list[str] | None) -> tuple[Recipe, Run]:
    """The recipe with its overrides, and the run folder, claimed for it."""
    loaded = recipes.load(path, overrides or [])
    return loaded, recipes.claim(loaded)


@contextmanager
def recorded(run: Run, stage: str) -> Iterator[None]:
    """Holds the run folder, and puts wall time (over all sessions) and peak memory of a stage into its provenance."""
    began = time.monotonic()
    with locked(run):
        yield
    if not first_process():
        return
    seconds, peak = time.monotonic() - began, peak_memory() or 0
    known = read_json(run.provenance)
    total = round(known.get("wall_seconds", {}).get(stage, 0) + seconds, 1)
    highest = max(known.get("peak_memory_bytes", {}).get(stage) or 0, peak) or None
    record(run, wall_seconds={stage: total}, peak_memory_bytes={stage: highest})
    console.print(f"{stage}: {seconds:.0f} s" + (f", peak memory {peak / 2**30:.1f} GiB" if peak else ""))
