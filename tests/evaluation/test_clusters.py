from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.evaluation.clusters import clustered_mean, grouped_difference, grouped_rate
from switchgear.evaluation.statistics import paired_difference
from switchgear.intervals import wilson

cases = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


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


def test_cases_of_one_task_that_agree_are_worth_one_case():
    outcomes, tasks = [True, False, False, False] * 10, list(range(4)) * 10
    alone, together = grouped_rate(outcomes, list(range(40))), grouped_rate(outcomes, tasks)
    assert (alone.low, alone.high) == (wilson(10, 40).low, wilson(10, 40).high)
    assert (together.groups, together.rate, together.n, together.successes) == (4, 0.25, 40, 10)
    assert together.low == 0  # none of the four resampled tasks is the one that succeeds: once in three times
    assert together.high == 0.75  # three of them are: once in 21 times
    assert (together.independent.low, together.independent.high) == (alone.low, alone.high)


def test_intervals_are_those_of_clustered_standard_errors():
    """statsmodels 0.15.0: OLS on a constant, cov_type="cluster", gives 0.3260 to 0.5240 and -0.2799 to -0.1035."""
    tasks = [task for task in range(60) for _ in range(4)]
    first = [task * 7 % 10 < 4 if case % 4 else task % 2 == 0 for case, task in enumerate(tasks)]
    second = [task * 7 % 10 < 2 if case % 4 else task % 3 == 0 for case, task in enumerate(tasks)]
    rate, difference = grouped_rate(first, tasks), grouped_difference(list(zip(first, second, strict=True)), tasks)
    assert (rate.low, rate.high) == pytest.approx((0.3260, 0.5240), abs=0.01)
    assert (difference.low, difference.high) == pytest.approx((-0.2799, -0.1035), abs=0.01)
    assert rate.independent.low > 0.36  # what 240 independent cases would claim


def test_groups_that_never_succeed_keep_the_doubt_of_independent_cases():
    found = grouped_rate([False] * 40, [case // 10 for case in range(40)])
    assert (found.low, found.high) == (0, wilson(0, 40).high)


def test_one_group_leaves_the_interval_as_it_is():
    found = grouped_rate([True, False, False], ["a"] * 3)
    assert (found.groups, found.low, found.high) == (1, wilson(1, 3).low, wilson(1, 3).high)


def test_no_cases_give_no_rate_and_no_difference():
    assert grouped_rate([], []).rate is None
    assert grouped_difference([], []).difference is None


def test_a_difference_within_one_task_is_not_taken_for_one_everywhere():
    pairs = [(True, False)] * 10 + [(True, True)] * 30
    tasks = [case // 10 for case in range(40)]
    found = grouped_difference(pairs, tasks)
    assert (found.difference, found.groups) == (-0.25, 4)
    assert (found.low, found.high) == (-0.75, 0)
    assert found.independent.low > -0.45


@given(cases)
def test_groups_never_narrow_an_interval(told):
    firsts, seconds, groups = zip(*told, strict=True)
    rate, simple = grouped_rate(firsts, groups), wilson(sum(firsts), len(firsts))
    assert rate.low <= simple.low <= rate.rate <= simple.high <= rate.high
    pairs = list(zip(firsts, seconds, strict=True))
    cells = [sum(pair == cell for pair in pairs) for cell in product((True, False), repeat=2)]
    difference, simple = grouped_difference(pairs, groups), paired_difference(*cells)
    assert difference.low <= simple.low <= difference.difference <= simple.high <= difference.high
