"""Whether a step's time is a line in its real tokens, over lengths of rows and numbers of rows."""

import random
from typing import Any

from scipy.stats import linregress

from benchmarks.step.timing import timed
from benchmarks.step.workloads import Workload
from switchgear.recipe import TrainRecipe
from switchgear.training.batches import Row

LENGTHS = (64, 128, 256, 512)
COUNTS = (2, 4, 8)
TRIALS = 2


def scaling(step: Any, words: int) -> dict[str, Any]:
    """Seconds of rows of random tokens, which share nothing: the faster of two trials each, and the line through them.

    `words`: how many token ids there are.
    """
    points = []
    for length in LENGTHS:
        for count in COUNTS:
            workload = _rows(length, count, words)
            seconds = min(timed(step, workload)[0] for _ in range(TRIALS))
            points.append({"length": length, "rows": count, "tokens": length * count, "seconds": seconds})
    line = linregress([point["tokens"] for point in points], [point["seconds"] for point in points])
    return {
        "points": points,
        "r_squared": line.rvalue**2,
        "seconds_per_1000_tokens": 1000 * line.slope,
        "seconds_at_none": line.intercept,
    }


def tokens() -> int:
    """All that are read in one call of `scaling`."""
    return TRIALS * sum(LENGTHS) * sum(COUNTS)


def _rows(length: int, count: int, words: int) -> Workload:
    draw = random.Random(f"{length}/{count}")
    ids = [[draw.randrange(words) for _ in range(length)] for _ in range(count)]
    half = count // 2
    rows = [Row(row, [float(index < half)] * length, [float(index >= half)] * length) for index, row in enumerate(ids)]
    return Workload("scaling", rows, TrainRecipe(), "", "random tokens")
