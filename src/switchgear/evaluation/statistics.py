"""Intervals and tests of independent cases. Every number comes with its n; no cases gives no rate, never 0.

Where several cases come from one group (a task, a dialogue), `clusters` widens these intervals.
"""

import math

from pydantic import BaseModel, ConfigDict
from scipy import stats

from switchgear.intervals import score_interval


class Difference(BaseModel):
    """Second minus first, on the same cases, with its interval; `None` where it cannot be told."""

    model_config = ConfigDict(frozen=True)

    difference: float | None
    low: float | None
    high: float | None


UNKNOWN = Difference(difference=None, low=None, high=None)


def mcnemar(first_only: int, second_only: int) -> float:
    """Two-sided exact p-value that the discordant pairs fall either way alike (McNemar, Psychometrika 12, 1947)."""
    discordant = first_only + second_only
    return float(stats.binomtest(first_only, discordant).pvalue) if discordant else 1.0


def paired_difference(
    both: int, first_only: int, second_only: int, neither: int, confidence: float = 0.95
) -> Difference:
    """The share of successes of the second less that of the first, on the same cases.

    The interval is method 10 of Newcombe, Statistics in Medicine 17 (1998), 2635-2650: the two Wilson intervals,
    squared and added, with the correlation of the pairs taken off. It stays honest with few or no discordant pairs.
    """
    n = both + first_only + second_only + neither
    if n == 0:
        return UNKNOWN
    first, first_low, first_high = score_interval(both + first_only, n, confidence)
    second, second_low, second_high = score_interval(both + second_only, n, confidence)
    correlation = _correlation(both, first_only, second_only, neither)

    def combined(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    low = second - first - combined(second - second_low, first_high - first)
    high = second - first + combined(second_high - second, first - first_low)
    return Difference(difference=second - first, low=low, high=high)


def _correlation(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Newcombe's phi: corrected for continuity when positive; 0 where a margin is empty."""
    margins = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    product: float = both * neither - first_only * second_only
    if product > 0:
        product = max(product - (both + first_only + second_only + neither) / 2, 0)
    return product / math.sqrt(margins) if margins else 0.0


def smallest_detectable(n: int, alpha: float = 0.05) -> float | None:
    """The smallest difference of proportions that `mcnemar` can call significant on `n` pairs, as a share of n.

    k discordant pairs, all of one side, have p = 2 / 2^k: at alpha 0.05 it takes 6, whatever n is. `None`: n is
    too small for any difference.
    """
    needed = math.ceil(math.log2(2 / alpha))
    return needed / n if n >= needed else None
