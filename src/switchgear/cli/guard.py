"""The commands `guard fit` and `guard evaluate`: stop an answer when the breaker trips, and how well that goes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from switchgear.cli.app import RunPath, app, console, opened_run, recorded
from switchgear.runs import read_models
from switchgear.schema import Example

if TYPE_CHECKING:
    from switchgear.deploy.measure import Prompt
    from switchgear.recipe import Recipe

guard = typer.Typer(no_args_is_help=True, help="Stop an answer when the breaker trips: fit a guard, and measure it.")
app.add_typer(guard, name="guard")


@guard.command(epilog="Example: switchgear guard fit runs/demo")
def fit(
    folder: RunPath,
    examples: Annotated[int, typer.Option(min=2, help="Of training to fit on, and of validation at most.")] = 240,
    false_trips: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of benign continuations of validation that may trip.")
    ] = 0.01,
) -> None:
    """Fit the probe on the training set, and choose its threshold on the validation set."""
    from switchgear.deploy.fit import fit as stage
    from switchgear.deploy.fit import validation_table

    recipe, run = opened_run(folder)
    with recorded(run, "guard fit"):
        fitted = stage(recipe, run, console, examples, false_trips)
    console.print(validation_table(fitted.settings))
    console.print(f"Trips of the validation set in percent, with 95% intervals. The guard: {run.guard}")


@guard.command(epilog="Example: switchgear guard evaluate runs/demo --limit 50")
def evaluate(
    folder: RunPath,
    limit: Annotated[int, typer.Option(min=1, help="Cases of each kind to answer, and examples to replay.")] = 100,
) -> None:
    """Measure the guard on held-out cases: what it stops, rightly and wrongly, how soon, and what it costs."""
    from switchgear.deploy.measure import guard_table, measure

    recipe, run = opened_run(folder)
    held_out = list(read_models(run.need(run.dataset / "holdout.jsonl", "prepare"), Example))
    with recorded(run, "guard evaluate"):
        prompts = list(_prompts(recipe, held_out, limit))
        found = measure(recipe, run, console, held_out, prompts, replayed=3 * limit)
    console.print(guard_table(found["rates"]))
    clock = found["clock"]
    console.print(
        f"In percent, with 95% intervals. The guard takes {clock['guard_milliseconds_per_step']:.1f} ms beside the "
        f"model's {clock['milliseconds_per_step']:.1f} ms for each step of a batch ({clock['overhead']:.1%}). "
        f"All figures: {run.guard / 'evaluation.json'}"
    )


def _prompts(recipe: "Recipe", held_out: list[Example], limit: int) -> Iterator["Prompt"]:
    """The cases of the evaluation, in each of its modes."""
    from switchgear.deploy.measure import Prompt
    from switchgear.evaluation.questions import question
    from switchgear.evaluation.tasks import cases, sample
    from switchgear.model.load import load_tokenizer

    tokenizer, modes = load_tokenizer(recipe.model), recipe.evaluate.modes
    for case in sample(cases(held_out), limit, recipe.seed):
        put = question(case, tokenizer, recipe.render.max_tokens, modes)
        for mode in modes:
            yield Prompt(case.kind, mode, (*put.context, *put.openings[mode]))
