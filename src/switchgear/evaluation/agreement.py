"""How far judges agree with one another, and their scores with people's labels."""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import optimize, stats

APART = 1e-9  # from the area itself, which solves the equation of its bounds when it is 0 or 1


class Area(BaseModel):
    """Area under the ROC curve with its interval, over `positives` and `negatives`; None where either is 0."""

    model_config = ConfigDict(frozen=True)

    area: float | None
    low: float | None
    high: float | None
    positives: int
    negatives: int


def krippendorff(ratings: Sequence[Sequence[Hashable]]) -> float | None:
    """Alpha of nominal ratings (Krippendorff, Content Analysis, 2004): 1 is agreement, 0 is chance.

    `ratings` holds those of one unit each, in any number; a unit with fewer than two says nothing. None: no unit does.
    The computation is Inspect's.
    """
    from inspect_ai.scorer import SampleScore, Score, krippendorff_alpha

    rated = [list(map(str, unit)) for unit in ratings if len(unit) > 1]
    if not rated:
        return None
    compute: Any = krippendorff_alpha()
    return float(compute([SampleScore(score=Score(value=unit)) for unit in rated]))


def roc_area(positives: Sequence[float], negatives: Sequence[float], confidence: float = 0.95) -> Area:
    """The chance that a positive scores higher than a negative; ties count half.

    The interval is method 5 of Newcombe, Statistics in Medicine 25 (2006), 559-573: it inverts Hanley and McNeil's
    variance as Wilson's does the binomial one, and stays honest for small n and for areas of 0 and 1.
    """
    m, n = len(positives), len(negatives)
    if not m or not n:
        return Area(area=None, low=None, high=None, positives=m, negatives=n)
    area = float(stats.mannwhitneyu(positives, negatives).statistic) / (m * n)
    z = float(stats.norm.ppf((1 + confidence) / 2))

    def beyond(true: float) -> float:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - true) / (2 - true) + true / (1 + true))
        return (area - true) ** 2 - z * z * true * (1 - true) * spread / (m * n)

    low = optimize.brentq(beyond, 0, area - APART) if area > 0 else 0.0
    high = optimize.brentq(beyond, area + APART, 1) if area < 1 else 1.0
    return Area(area=area, low=low, high=high, positives=m, negatives=n)


def roc_curve(positives: Sequence[float], negatives: Sequence[float]) -> list[tuple[float, float]]:
    """(false positive rate, true positive rate) at every threshold, from (0, 0) to (1, 1); empty without both kinds."""
    if not positives or not negatives:
        return []
    thresholds = [math.inf, *sorted({*positives, *negatives}, reverse=True)]
    above = [(np.asarray(each)[:, None] >= thresholds).mean(axis=0) for each in (negatives, positives)]
    return [(float(x), float(y)) for x, y in zip(*above, strict=True)]
