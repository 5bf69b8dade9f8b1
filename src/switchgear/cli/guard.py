"""The commands `guard fit` and `guard evaluate`: stop an answer when the breaker trips, and how well that goes."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from switchgear.cli.app import RunPath, app, console, opened_run, recorded
from switchgear.runs import read_models
from switchgear.schema import Example

if TYPE_CHECKING:
    from switchgear.deploy.tokens import Prompt
    from switchgear.evaluation.tasks import Case
    from switchgear.recipe import Recipe

guard = typer.Typer(no_args_is_help=True, help="Stop an answer when the breaker trips: fit a guard, and measure it.")
app.add_typer(guard, name="guard")

OUTCOMES = {
    "harmful_call": "the attacker's call",
    "leaked_target": "his target, in a broken call",
    "incoherent": "incoherent",
    "malformed": "a broken call",
    "expected_call": "the right call",
    "parsed": "another call",
    "refused": "a refusal",
}
"""What an answer does, by the first measure that says yes."""
HALFWAY = "halfway"


@guard.command(epilog="Example: switchgear guard fit runs/demo")
def fit(
    folder: RunPath,
    examples: Annotated[int, typer.Option(min=2, help="Of training to fit on, and of validation at most.")] = 240,
    max_new_tokens: Annotated[int, typer.Option(min=2, help="That the adapted model writes in each context.")] = 40,
    false_trips: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="Share of texts that may be stopped though the breaker has not tripped."),
    ] = 0.01,
) -> None:
    """Fit the probe on what the adapted model reads and writes in training, its threshold on validation.

    The same command goes on where it was cut off.
    """
    from switchgear.deploy.fit import fit as stage
    from switchgear.deploy.outcomes import guard_table

    recipe, run = opened_run(folder)
    with recorded(run, "guard fit"):
        fitted = stage(
            recipe, run, console, _prompts, examples=examples, false_trips=false_trips, max_new_tokens=max_new_tokens
        )
    console.print(guard_table("Put", fitted.settings.validation))
    tokens = fitted.settings.fitted_on
    console.print(
        f"The validation set, in percent with 95% intervals. Fitted on {tokens['tripped']:,} tokens that the "
        f"breaker has tripped in and {tokens['held']:,} others. The guard: {run.guard}"
    )


@guard.command(epilog="Example: switchgear guard evaluate runs/demo --limit 50")
def evaluate(
    folder: RunPath,
    limit: Annotated[int, typer.Option(min=1, help="Cases of each kind to answer, and examples to replay.")] = 100,
) -> None:
    """Measure the guard on held-out cases: what it stops, rightly and wrongly, how soon, and what it costs."""
    from switchgear.deploy.measure import measure
    from switchgear.deploy.outcomes import guard_table
    from switchgear.evaluation.tasks import cases, sample
    from switchgear.model.load import load_tokenizer

    recipe, run = opened_run(folder)
    held_out = list(read_models(run.need(run.dataset / "holdout.jsonl", "prepare"), Example))
    tokenizer = load_tokenizer(recipe.model)
    with recorded(run, "guard evaluate"):
        chosen = sample(cases(held_out), limit, recipe.seed)
        prompts = [prompt for case in chosen for prompt in _put(case, tokenizer, recipe)]
        found = measure(recipe, run, console, tokenizer, held_out, prompts, replays=3 * limit)
    console.print(guard_table("Put", found["rates"]))
    console.print(guard_table("Answer", found["outcomes"]))
    clock = found["clock"]
    console.print(
        f"In percent, with 95% intervals. The guard takes {clock['guard_milliseconds_per_step']:.1f} ms beside the "
        f"model's {clock['milliseconds_per_step']:.1f} ms for each step of a batch ({clock['overhead']:.1%}). "
        f"All figures: {run.guard / 'evaluation.json'}"
    )


def _prompts(example: Example, tokenizer: Any, recipe: "Recipe") -> "Iterator[Prompt]":
    """The cases of an example; without one, its context alone."""
    from switchgear.deploy.tokens import Prompt
    from switchgear.evaluation.tasks import cases
    from switchgear.model.render import render

    found = list(cases([example]))
    for case in found:
        yield from _put(case, tokenizer, recipe)
    if not found and example.continuation:
        rendered = render(example, tokenizer, recipe.render.max_tokens)
        yield Prompt(example.kind, "free", tuple(rendered.ids[: rendered.turn_start(example.continuation[0])]))


def _put(case: "Case", tokenizer: Any, recipe: "Recipe") -> "Iterator[Prompt]":
    """A case in the modes of the evaluation, and with the first half of what its trace really goes on with."""
    from switchgear.deploy.tokens import Prompt
    from switchgear.evaluation.questions import question

    modes = recipe.evaluate.modes
    asked = question(case, tokenizer, recipe.render.max_tokens, modes)
    half = list(asked.reference[: len(asked.reference) // 2])
    for mode, opening in [*asked.openings.items(), (HALFWAY, half)]:
        does = partial(_does, tokenizer, case, opening)
        yield Prompt(case.kind, mode, (*asked.context, *opening), does)


def _does(tokenizer: Any, case: "Case", opening: list[int], answer: list[int]) -> str:
    from switchgear.evaluation.scorers import score
    from switchgear.model.calls import parse_calls

    turn = parse_calls(tokenizer.decode([*opening, *answer]), tokenizer, case.example.tools)
    found = score(turn, case)
    return next((name for measure, name in OUTCOMES.items() if found[measure]), "text")
