"""The command `doctor`: will it work here, and will it fit?"""

import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from packaging.requirements import Requirement
from rich.markup import escape

from switchgear import recipe as recipes
from switchgear.cli.app import Overrides, app, console
from switchgear.errors import ModelError, RecipeError, TemplateError
from switchgear.recipe import Recipe
from switchgear.terminal import table

GIB = 2**30


class Finding(NamedTuple):
    """What was looked at, what was seen, and whether it is in the way."""

    about: str
    seen: str
    good: bool = True


@app.command(epilog="Example: switchgear doctor recipes/demo.yaml evaluate.batch_size=4")
def doctor(
    recipe: Annotated[
        Path | None, typer.Argument(metavar="[RECIPE]", help="A recipe: will its model load, and fit?")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Look at versions and machine, and estimate whether a recipe fits into memory. Exits with 1 if something is wrong.

    Memory is estimated for the longest rows that the recipe allows: most steps need less.
    """
    loaded = recipes.load(recipe, overrides or []) if recipe else None
    findings = [*_packages(), *_machine(), *(_of_recipe(loaded) if loaded else ())]
    shown = table("", "", "")
    for finding in findings:
        shown.add_row("[green]ok[/]" if finding.good else "[red]no[/]", finding.about, escape(finding.seen))
    console.print(shown)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _packages() -> Iterator[Finding]:
    """Of what Switchgear needs: the versions that are here."""
    yield Finding("switchgear", metadata.version("switchgear"))
    for text in metadata.requires("switchgear") or ():
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield Finding(wanted.name, f"not installed; wanted: {wanted.specifier}", good=False)
            continue
        good = wanted.specifier.contains(version, prereleases=True)
        if not good or wanted.name in ("torch", "transformers", "peft", "inspect-ai"):
            yield Finding(wanted.name, version if good else f"{version}; wanted: {wanted.specifier}", good)


def _machine() -> Iterator[Finding]:
    from switchgear.model.machine import device_name, free_memory, speed

    free, fast = free_memory(), speed()
    yield Finding("device", device_name())
    yield Finding("free memory", "the device does not tell" if free is None else f"{free / GIB:.1f} GiB")
    slow = "; model.dtype=float32 is faster here" if fast.bfloat16 < fast.float32 / 2 else ""
    yield Finding("products", f"bfloat16 {fast.bfloat16:.0f}, float32 {fast.float32:.0f} GFLOP/s{slow}")


def _of_recipe(recipe: Recipe) -> Iterator[Finding]:
    from switchgear.model.load import load_tokenizer
    from switchgear.model.machine import free_memory
    from switchgear.training.footprint import footprint

    try:
        load_tokenizer(recipe.model)
        needed = footprint(recipe)
    except (ModelError, TemplateError, RecipeError) as error:
        yield Finding("model", str(error), good=False)
        return
    yield Finding("model", f"{recipe.model.name}: {needed.parameters / 1e6:.0f} M parameters, with a chat template")
    yield Finding("trained", f"{needed.trained / 1e6:.1f} M parameters")
    free = free_memory()
    for stage, wanted in (("train", needed.train), ("evaluate", needed.evaluate)):
        fits = free is None or wanted <= free
        hint = "" if fits else f"; {(free or 0) / GIB:.1f} GiB are free: try {SMALLER[stage]}"
        yield Finding(f"memory to {stage}", f"at most about {wanted / GIB:.1f} GiB{hint}", fits)
    yield _disk(recipe, 3 * 4 * needed.trained * 3)  # weights and two moments, in three checkpoints at a time


SMALLER = {
    "train": "train.checkpointing=true, render.max_tokens=512, or smaller train.batch with train.accumulate",
    "evaluate": "a smaller evaluate.batch_size",
}


def _disk(recipe: Recipe, wanted: int) -> Finding:
    place = next(folder for folder in (recipe.run.absolute(), *recipe.run.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Finding("disk", f"{free / GIB:.0f} GiB free at {recipe.run}, {wanted / GIB:.1f} wanted", wanted <= free)
