"""How the two coefficients move over a run: pure functions of progress, the share of steps done, in (0, 1].

To add one: a function, a line in SCHEDULES, a test. Floors and the warm-up come on top of all of them.
"""

from collections.abc import Callable
from math import cos, pi

from switchgear.errors import RecipeError, unknown
from switchgear.recipe import TrainRecipe

Coefficients = tuple[float, float]
"""(reroute, retain)"""


def dual(progress: float, recipe: TrainRecipe) -> Coefficients:
    """From rerouting to retaining: `alpha (1 - p), alpha p` with `p = progress / decay_multiplier`, at most 1.

    A decay multiplier of 2 is the paper's `alpha (1 - t / 2T), alpha t / 2T`.
    """
    moved = _moved(progress, recipe)
    return recipe.alpha * (1 - moved), recipe.alpha * moved


def cosine(progress: float, recipe: TrainRecipe) -> Coefficients:
    """`dual` with `(1 - cos(pi p)) / 2` for `p`: it stays at both ends and hurries between."""
    moved = (1 - cos(pi * _moved(progress, recipe))) / 2
    return recipe.alpha * (1 - moved), recipe.alpha * moved


def single_alpha(progress: float, recipe: TrainRecipe) -> Coefficients:
    """`L = alpha(t) L_reroute + L_retain`: only the reroute coefficient decays."""
    return recipe.alpha * (1 - _moved(progress, recipe)), 1.0


def constant(progress: float, recipe: TrainRecipe) -> Coefficients:
    """Both terms at `alpha` throughout."""
    return recipe.alpha, recipe.alpha


SCHEDULES: dict[str, Callable[[float, TrainRecipe], Coefficients]] = {
    "dual": dual,
    "cosine": cosine,
    "single_alpha": single_alpha,
    "constant": constant,
}


def coefficients(progress: float, recipe: TrainRecipe) -> Coefficients:
    """Reroute and retain coefficients at `progress`. Raises `RecipeError` for an unknown schedule."""
    if recipe.schedule not in SCHEDULES:
        raise RecipeError(unknown("schedule", recipe.schedule, SCHEDULES))
    reroute, retain = SCHEDULES[recipe.schedule](progress, recipe)
    warm = min(progress / recipe.retain_warmup, 1.0) if recipe.retain_warmup else 1.0
    return reroute + recipe.alpha * recipe.reroute_floor, warm * (retain + recipe.alpha * recipe.retain_floor)


def _moved(progress: float, recipe: TrainRecipe) -> float:
    return min(progress / recipe.decay_multiplier, 1.0)
