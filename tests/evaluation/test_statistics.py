import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.evaluation.statistics import clustered_mean, mcnemar, paired_difference, smallest_detectable, wilson

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


def test_clustered_mean_matches_all_resamples_written_out():
    values, groups = [1.0, 2.0, 3.0, 9.0], ["a", "a", "b", "c"]
    clusters = [[1.0, 2.0], [3.0], [9.0]]
    means = sorted(
        sum(map(sum, drawn)) / sum(map(len, drawn)) for drawn in product(clusters, repeat=3)
    )  # the 27 equally likely resamples
    result = clustered_mean(values, groups, seed=3)
    assert result.difference == 3.75
    assert means[0] == result.low == 1.5  # drawn once in 27, more often than 2.5 %
    assert means[-1] == result.high == 9.0


def test_likeness_within_groups_widens_the_interval():
    values = [0.0] * 20 + [1.0] * 20
    alone = clustered_mean(values, list(range(40)))
    together = clustered_mean(values, [i // 10 for i in range(40)])
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_clustered_mean_repeats_with_its_seed():
    values, groups = [0.1 * i * i for i in range(12)], list(range(12))
    assert clustered_mean(values, groups, seed=1) == clustered_mean(values, groups, seed=1)


def test_one_group_gives_a_mean_without_an_interval():
    assert clustered_mean([1.0, 3.0], ["a", "a"]).model_dump() == {"difference": 2.0, "low": None, "high": None}
    assert clustered_mean([], []).difference is None


def test_values_and_groups_must_pair_up():
    with pytest.raises(ValueError, match="zip"):
        clustered_mean([1.0, 2.0], ["a"])


@given(st.integers(1, 400))
def test_the_smallest_detectable_difference_is_just_significant(n):
    share = smallest_detectable(n)
    if share is None:
        assert mcnemar(n, 0) > 0.05
    else:
        discordant = math.floor(share * n + 0.5)
        assert mcnemar(discordant, 0) <= 0.05 < mcnemar(discordant - 1, 0)
