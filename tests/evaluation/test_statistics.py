import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.evaluation.statistics import mcnemar, paired_difference, smallest_detectable
from switchgear.intervals import wilson

counts = st.integers(min_value=0, max_value=300)
tables = st.tuples(counts, counts, counts, counts).filter(any)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(successes, n, low, high):
    rate = wilson(successes, n)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5e-5)


def test_no_cases_give_no_rate():
    assert wilson(0, 0).model_dump() == {"successes": 0, "n": 0, "rate": None, "low": None, "high": None}


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2), (0, -1)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(ValueError, match="successes in"):
        wilson(successes, n)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_rate_lies_in_its_interval_and_failures_mirror_successes(pair):
    successes, n = pair
    rate, mirror = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= rate.low <= rate.rate <= rate.high <= 1
    assert (rate.low, rate.high) == pytest.approx((1 - mirror.high, 1 - mirror.low))


@pytest.mark.parametrize(("first_only", "second_only"), [(0, 0), (0, 5), (0, 6), (2, 9), (4, 4), (7, 1)])
def test_mcnemar_counts_the_splits_that_are_at_least_as_uneven(first_only, second_only):
    discordant = first_only + second_only
    uneven = abs(first_only - second_only)
    splits = [abs(sum(signs)) >= uneven for signs in product((1, -1), repeat=discordant)]
    assert mcnemar(first_only, second_only) == pytest.approx(sum(splits) / len(splits))


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), 2635-2650, table II, method 10
        ((36, 2, 12, 0), 0.0569, 0.3404),
        # Altman et al., Statistics with Confidence (2000), table 6.2
        ((14, 0, 5, 22), 0.0115, 0.2265),
    ],
)
def test_paired_difference_gives_the_published_intervals(table, low, high):
    difference = paired_difference(*table)
    assert (difference.low, difference.high) == pytest.approx((low, high), abs=5e-5)


@given(tables)
def test_a_paired_difference_lies_in_its_interval_and_swaps_sign_with_the_models(table):
    both, first_only, second_only, neither = table
    there, back = paired_difference(*table), paired_difference(both, second_only, first_only, neither)
    assert -1 - 1e-9 <= there.low <= there.difference <= there.high <= 1 + 1e-9
    assert there.difference == pytest.approx((second_only - first_only) / sum(table))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_models_that_never_differ_leave_doubt_that_shrinks_with_n():
    few, many = paired_difference(9, 0, 0, 1), paired_difference(900, 0, 0, 100)
    assert few.difference == many.difference == 0
    assert few.high > 0.1 > 0.01 > many.high > 0


def test_no_pairs_give_no_difference():
    assert paired_difference(0, 0, 0, 0).difference is None


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(12, 160, 0.043421, 0.126508), (3, 20, 0.052369, 0.360419), (160, 160, 0.976554, 1)],
)
def test_wilson_gives_the_intervals_of_statsmodels(successes, n, low, high):
    rate = wilson(successes, n)  # statsmodels 0.15.0, proportion_confint(..., method="wilson")
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(("first_only", "second_only", "p"), [(10, 2, 0.038574), (1, 8, 0.039063), (30, 21, 0.262438)])
def test_mcnemar_gives_the_p_values_of_statsmodels(first_only, second_only, p):
    assert mcnemar(first_only, second_only) == pytest.approx(p, abs=1e-6)  # 0.15.0, mcnemar(..., exact=True)


@given(st.integers(1, 400))
def test_the_smallest_detectable_difference_is_just_significant(n):
    share = smallest_detectable(n)
    if share is None:
        assert mcnemar(n, 0) > 0.05
    else:
        discordant = math.floor(share * n + 0.5)
        assert mcnemar(discordant, 0) <= 0.05 < mcnemar(discordant - 1, 0)
