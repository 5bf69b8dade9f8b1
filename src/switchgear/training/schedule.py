"""How the two coefficients move over a run: pure functions of progress, the share of steps done, in (0, 1]."""

from collections.abc import Callable

from switchgear.errors import RecipeError, unknown
from switchgear.recipe import TrainRecipe

Coefficients = tuple[float, float]
"""(reroute, retain)"""


def dual(progress: float, recipe: TrainRecipe) -> Coefficients:
    """From rerouting to retaining: `alpha (1 - p), alpha p` with `p = progress / decay_multiplier`, at most 1.

    A decay multiplier of 2 is the paper's `alpha (1 - t / 2T), alpha t / 2T`.
    """
    moved = min(progress / recipe.decay_multiplier, 1.0)
    return recipe.alpha * (1 - moved), recipe.alpha * (moved + recipe.retain_floor)


def single_alpha(progress: float, recipe: TrainRecipe) -> Coefficients:
    """`L = alpha(t) L_reroute + L_retain`: only the reroute coefficient decays."""
    return recipe.alpha * (1 - min(progress / recipe.decay_multiplier, 1.0)), 1.0 + recipe.retain_floor


def constant(progress: float, recipe: TrainRecipe) -> Coefficients:
    """Both terms at `alpha` throughout."""
    return recipe.alpha, recipe.alpha * (1 + recipe.retain_floor)


SCHEDULES: dict[str, Callable[[float, TrainRecipe], Coefficients]] = {
    "dual": dual,
    "single_alpha": single_alpha,
    "constant": constant,
}


def coefficients(progress: float, recipe: TrainRecipe) -> Coefficients:
    """Reroute and retain coefficients at `progress`. Raises `RecipeError` for an unknown schedule."""
    if recipe.schedule not in SCHEDULES:
        raise RecipeError(unknown("schedule", recipe.schedule, SCHEDULES))
    return SCHEDULES[recipe.schedule](progress, recipe)
