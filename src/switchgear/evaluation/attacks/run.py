"""Every attack of a recipe, on the frozen and the adapted model, with identical held-out hijacked cases."""

from typing import Any

from rich.console import Console

from switchgear.errors import RecipeError, unknown
from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.attacks.base import Victim
from switchgear.evaluation.attacks.campaign import Campaign
from switchgear.evaluation.attacks.summary import Line, summarise
from switchgear.evaluation.held_out import holdout
from switchgear.evaluation.questions import question
from switchgear.evaluation.rows import MODELS
from switchgear.evaluation.tasks import cases, sample
from switchgear.recipe import AttackRecipe, Recipe, checked
from switchgear.runs import Run, write_models
from switchgear.schema import Trace


def attack(recipe: Recipe, run: Run, console: Console, model: Any, tokenizer: Any) -> list[Line]:
    """Carries out the recipe's attacks on `model` (the frozen one with its adapter), writes `run.attacks`, and returns
    the content of `summary["attacks"]` (see `attacks.summary`). The same call goes on where it was cut off, for as long
    as nobody removes the partial files.

    Raises:
        RecipeError: see `planned_attacks`.
    """
    planned = planned_attacks(recipe)
    hijacked = [case for case in cases(holdout(run)) if case.kind is Trace.HIJACKED] if planned else []
    if not hijacked:
        if planned:
            console.print("No attack was tried: the holdout has no hijacked trace.")
        return []
    victims = {name: Victim(name, model, tokenizer, recipe) for name in MODELS}
    campaigns = []
    for each, options in planned:
        chosen = sample(hijacked, each.limit, recipe.seed)
        modes = dict.fromkeys((each.mode, "prefilled"))
        asked = [question(case, tokenizer, recipe.render.max_tokens, list(modes)) for case in chosen]
        campaigns.append(Campaign(each, options, victims, asked))
    rows = [row for campaign in campaigns for row in campaign.rows(run, console)]
    write_models(run.attacks, rows)
    return summarise(rows, recipe.seed)


def planned_attacks(recipe: Recipe) -> list[tuple[AttackRecipe, Any]]:
    """Each attack of the recipe with its levels and title filled in, and its options.

    Raises:
        RecipeError: an attack or an option that there is not.
    """
    return [_filled(each) for each in recipe.evaluate.attacks]


def _filled(recipe: AttackRecipe) -> tuple[AttackRecipe, Any]:
    if recipe.name not in ATTACKS:
        raise RecipeError(unknown("attack", recipe.name, ATTACKS))
    kind = ATTACKS[recipe.name]
    options = checked(f"Attack {recipe.name}", recipe.options, kind.Options)
    filled = {"budget": recipe.budget or kind.budget, "title": recipe.title or recipe.name}
    return recipe.model_copy(update=filled), options
