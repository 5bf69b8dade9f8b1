"""`switchgear generate`: training examples from prompts that have no answer."""

from typing import Annotated

import typer

from switchgear.cli.app import Overrides, RecipePath, app, console, opened, recorded
from switchgear.errors import DataError


@app.command(
    epilog="Example: switchgear generate recipes/generate.yaml generate.harmful.samples=4. "
    "What was cut off resumes with the same command."
)
def generate(
    recipe: RecipePath,
    overrides: Overrides = None,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="Let judges run the functions that the recipe names.")
    ] = False,
) -> None:
    """Have a model answer prompts, judge the answers, and keep those that are worth training on."""
    from switchgear.generation.examples import table
    from switchgear.generation.generate import generate as stage

    loaded, run = opened(recipe, overrides)
    with recorded(run, "generate"):
        cards = stage(loaded, run, console, allow_code)
    console.print(table(cards))
    console.print(f"To train on them: the source `generated` with a file of {run.generated} as its path.")
    if empty := [name for name, card in cards.items() if not card["kept"]]:
        raise DataError(f"No answer was kept of {', '.join(empty)}. The table says why each was dropped.")
