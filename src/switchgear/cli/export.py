"""Export: what others load of a run."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from switchgear.cli.app import Overrides, RecipePath, app, console, opened, recorded
from switchgear.errors import RecipeError


@app.command(epilog="Example: switchgear export recipes/demo.yaml --merged --to exports/demo")
def export(
    recipe: RecipePath,
    overrides: Overrides = None,
    to: Annotated[Path | None, typer.Option(help="The folder; by default in the run's own, in `export`.")] = None,
    merged: Annotated[bool, typer.Option("--merged", help="One whole model instead of an adapter.")] = False,
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        typer.Option(help="Of a merged model's weights; auto: as the base is stored."),
    ] = "auto",
    max_shard_size: Annotated[str, typer.Option(help="Of one file of a merged model.")] = "5GB",
) -> None:
    """Write the trained adapter, or the merged model, with its model card, and check that it loads."""
    import torch

    if not re.fullmatch(r"\d+ ?[KMGT]I?B", max_shard_size.upper()):
        raise RecipeError(f"--max-shard-size {max_shard_size!r} is not a size. Give one like 5GB or 500MB.")
    from switchgear.model.export import export as write

    loaded, run = opened(recipe, overrides)
    folder = to or run.root / "export" / ("merged" if merged else "adapter")
    stored = None if dtype == "auto" else getattr(torch, dtype)
    with recorded(run, "export"):
        figures = write(loaded, run, folder, merged=merged, dtype=stored, max_shard_size=max_shard_size)
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' ')}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")
    console.print(f"Exported: {folder}")
