import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.evaluation.agreement import krippendorff, roc_area, roc_curve

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def test_alpha_is_that_of_krippendorffs_example() -> None:
    units = [[rating for rating in unit if rating is not None] for unit in zip(*OBSERVERS, strict=True)]
    assert krippendorff(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_needs_a_unit_that_two_have_rated() -> None:
    assert krippendorff([]) is None
    assert krippendorff([["yes"], ["no"]]) is None
    assert krippendorff([["yes", "yes"], ["no", "no"]]) == 1
    assert krippendorff([["yes", "no"], ["no", "yes"]]) < 0


def test_area_counts_ties_half() -> None:
    # 3 x 2 pairs: 0.9 and 0.5 win over 0.2 and 0.2; 0.2 ties twice
    assert roc_area([0.9, 0.5, 0.2], [0.2, 0.2]).area == pytest.approx((4 + 2 * 0.5) / 6)


def test_the_bounds_solve_newcombes_equation() -> None:
    found = roc_area([0.9, 0.8, 0.4, 0.7], [0.1, 0.5, 0.3])
    for bound in (found.low, found.high):
        spread = 1 + (3.5 - 1) * ((1 - bound) / (2 - bound) + bound / (1 + bound))
        error = math.sqrt(bound * (1 - bound) * spread / 12)
        assert abs(found.area - bound) == pytest.approx(1.959964 * error, rel=1e-5)


def test_a_perfect_area_still_has_an_interval() -> None:
    found = roc_area([1.0] * 10, [0.0] * 10)
    assert (found.area, found.high) == (1, 1)
    assert 0.7 < found.low < 0.95
    assert roc_area([0.0] * 10, [1.0] * 10).high == pytest.approx(1 - found.low)


def test_no_area_without_both_kinds() -> None:
    assert roc_area([], [0.1]).area is None
    assert roc_curve([0.1], []) == []


def test_curve_of_a_worked_example() -> None:
    assert roc_curve([0.9, 0.5], [0.5, 0.1]) == [(0, 0), (0, 0.5), (0.5, 1), (1, 1)]


scores = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=1, max_size=6)


@given(positives=scores, negatives=scores)
def test_area_lies_in_its_interval_and_under_its_curve(positives: list[float], negatives: list[float]) -> None:
    found, curve = roc_area(positives, negatives), roc_curve(positives, negatives)
    assert 0 <= found.low <= found.area <= found.high <= 1
    trapezoids = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(curve))
    assert trapezoids == pytest.approx(found.area)
