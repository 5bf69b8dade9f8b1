"""A share of cases and its interval. Every number comes with its n; no cases gives no rate, never 0."""

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


def wilson(successes: int, n: int, confidence: float = 0.95) -> Rate:
    """A proportion with its score interval (Wilson, JASA 22, 1927), good also for small n and for 0 or n successes.

    Raises:
        ValueError: more successes than cases, or a negative count.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} cases")
    if n == 0:
        return Rate(successes=0, n=0, rate=None, low=None, high=None)
    rate, low, high = score_interval(successes, n, confidence)
    return Rate(successes=successes, n=n, rate=rate, low=low, high=high)


def score_interval(successes: int, n: int, confidence: float) -> tuple[float, float, float]:
    """The rate of at least one case, and the bounds of its Wilson interval."""
    interval = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    rate = successes / n
    # At 0 and n successes the bound is the rate itself, but rounding can leave it on the wrong side.
    return rate, min(float(interval.low), rate), max(float(interval.high), rate)
