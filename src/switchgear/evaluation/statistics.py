"""Intervals and tests for what is reported. Every number comes with its n; no cases gives no rate, never 0."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats


class Rate(BaseModel):
    """A share of `n` cases with its interval; `None` where there are no cases."""

    model_config = ConfigDict(frozen=True)

    successes: int
    n: int
    rate: float | None
    low: float | None
    high: float | None


class Difference(BaseModel):
    """Second minus first, on the same cases, with its interval; `None` where it cannot be told."""

    model_config = ConfigDict(frozen=True)

    difference: float | None
    low: float | None
    high: float | None


UNKNOWN = Difference(difference=None, low=None, high=None)


def wilson(successes: int, n: int, confidence: float = 0.95) -> Rate:
    """A proportion with its score interval (Wilson, JASA 22, 1927), good also for small n and for 0 or n successes.

    Raises:
        ValueError: more successes than cases, or a negative count.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} cases")
    if n == 0:
        return Rate(successes=0, n=0, rate=None, low=None, high=None)
    rate, low, high = _score_interval(successes, n, confidence)
    return Rate(successes=successes, n=n, rate=rate, low=low, high=high)


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
    first, first_low, first_high = _score_interval(both + first_only, n, confidence)
    second, second_low, second_high = _score_interval(both + second_only, n, confidence)
    correlation = _correlation(both, first_only, second_only, neither)

    def combined(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    low = second - first - combined(second - second_low, first_high - first)
    high = second - first + combined(second_high - second, first - first_low)
    return Difference(difference=second - first, low=low, high=high)


def _score_interval(successes: int, n: int, confidence: float) -> tuple[float, float, float]:
    interval = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    rate = successes / n
    # At 0 and n successes the bound is the rate itself, but rounding can leave it on the wrong side.
    return rate, min(float(interval.low), rate), max(float(interval.high), rate)


def _correlation(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Newcombe's phi: corrected for continuity when positive; 0 where a margin is empty."""
    margins = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    product: float = both * neither - first_only * second_only
    if product > 0:
        product = max(product - (both + first_only + second_only + neither) / 2, 0)
    return product / math.sqrt(margins) if margins else 0.0


def clustered_mean(
    values: Sequence[float], groups: Sequence[Hashable], seed: int = 0, confidence: float = 0.95, resamples: int = 9_999
) -> Difference:
    """The mean of paired differences and its percentile bootstrap interval, resampling whole groups.

    Cases of one group (one task, one dialogue) resemble each other, so the groups are what was sampled
    (Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). One group gives no interval.
    """
    if not values:
        return UNKNOWN
    totals: defaultdict[Hashable, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        totals[group].append(value)
    sums = np.array([sum(members) for members in totals.values()])
    sizes = np.array([len(members) for members in totals.values()])
    mean = float(sums.sum() / sizes.sum())
    if len(sums) < 2:
        return Difference(difference=mean, low=None, high=None)
    interval = stats.bootstrap(
        (sums, sizes),
        lambda sums, sizes, axis: sums.sum(axis) / sizes.sum(axis),
        paired=True,
        n_resamples=resamples,
        confidence_level=confidence,
        method="percentile",
        random_state=seed,
    ).confidence_interval
    return Difference(difference=mean, low=float(interval.low), high=float(interval.high))


def smallest_detectable(n: int, alpha: float = 0.05) -> float | None:
    """The smallest difference of proportions that `mcnemar` can call significant on `n` pairs, as a share of n.

    k discordant pairs, all of one side, have p = 2 / 2^k: at alpha 0.05 it takes 6, whatever n is. `None`: n is
    too small for any difference.
    """
    needed = math.ceil(math.log2(2 / alpha))
    return needed / n if n >= needed else None
