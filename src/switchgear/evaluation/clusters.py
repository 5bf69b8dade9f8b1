"""Intervals of cases that come in groups: one task put in many ways, one dialogue cut at many places.

Cases of a group resemble each other, so they say less than as many independent ones. Intervals are found by resampling
whole groups, and are never narrower than those of independent cases: a few groups that happen to agree, or that all
succeed or fail, leave a bootstrap too sure of itself.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats

from switchgear.evaluation.statistics import UNKNOWN, Difference, paired_difference
from switchgear.intervals import Rate, wilson

RESAMPLES = 9_999
QUICK = 1_999
"""Resamples for each of the hundreds of rates in a summary; their bounds move by about half a point with the seed."""


class Interval(BaseModel):
    model_config = ConfigDict(frozen=True)

    low: float | None
    high: float | None


class GroupedRate(Rate):
    """`low` and `high` take account of the groups; `independent` is Wilson's interval, as if there were none."""

    groups: int
    independent: Interval


class GroupedDifference(Difference):
    """`low` and `high` take account of the groups; `independent` is Newcombe's interval, as if there were none."""

    groups: int
    independent: Interval


def grouped_rate(outcomes: Sequence[bool], groups: Sequence[Hashable], seed: int = 0) -> GroupedRate:
    """The share of successes. `groups` holds the group of each outcome."""
    found = wilson(sum(outcomes), len(outcomes))
    wide = _widened(found, [float(outcome) for outcome in outcomes], groups, seed)
    return GroupedRate(successes=found.successes, n=found.n, rate=found.rate, **wide)


def grouped_difference(
    pairs: Sequence[tuple[bool, bool]], groups: Sequence[Hashable], seed: int = 0
) -> GroupedDifference:
    """The share of successes of the second less that of the first, of each pair on the same case."""
    cells = Counter(pairs)
    found = paired_difference(cells[True, True], cells[True, False], cells[False, True], cells[False, False])
    wide = _widened(found, [float(second) - float(first) for first, second in pairs], groups, seed)
    return GroupedDifference(difference=found.difference, **wide)


def _widened(
    found: Rate | Difference, values: Sequence[float], groups: Sequence[Hashable], seed: int
) -> dict[str, Any]:
    """At each end the wider of two intervals: `found`, and the one by resampling groups."""
    many = len(set(groups))
    low, high = found.low, found.high
    if many < len(values):
        resampled = clustered_mean(values, groups, seed, resamples=QUICK)
        low = min((end for end in (low, resampled.low) if end is not None), default=None)
        high = max((end for end in (high, resampled.high) if end is not None), default=None)
    return {"low": low, "high": high, "groups": many, "independent": Interval(low=found.low, high=found.high)}


def clustered_mean(
    values: Sequence[float],
    groups: Sequence[Hashable],
    seed: int = 0,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Difference:
    """The mean of values, such as paired differences, and its percentile bootstrap interval, resampling whole groups.

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
    if len(set(values)) == 1:
        return Difference(difference=mean, low=mean, high=mean)
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
