from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.data.dataset.facts import Facts, facts
from switchgear.data.dataset.mix import over_weight, shares, warnings
from switchgear.schema import Example, Role, Trace

SIZES = {0: 100, 1: 30, 2: 10}


def many(example: Callable[..., Example], sizes: dict[int, int], **fields: object) -> tuple[list[Facts], list[int]]:
    made = [(facts(example(f"{entry}/{n}", **fields)), entry) for entry, size in sizes.items() for n in range(size)]
    return [known for known, _ in made], [entry for _, entry in made]


def kept(sizes: dict[int, int], weights: dict[int, float], example: Callable[..., Example]) -> Counter[int]:
    known, entries = many(example, sizes)
    left_out = over_weight(known, entries, weights, seed=0)
    return Counter(entry for position, entry in enumerate(entries) if position not in left_out)


def test_weights_hold_and_the_shortest_source_keeps_all(example: Callable[..., Example]) -> None:
    assert kept(SIZES, {0: 5, 1: 1, 2: 1}, example) == {0: 50, 1: 10, 2: 10}


def test_a_source_without_a_weight_brings_all_it_has(example: Callable[..., Example]) -> None:
    assert kept(SIZES, {1: 1, 2: 1}, example) == {0: 100, 1: 10, 2: 10}
    assert kept(SIZES, {0: 1}, example) == SIZES == kept(SIZES, {}, example)


def test_weights_act_within_each_kind(example: Callable[..., Example]) -> None:
    harmful, first = many(example, {0: 8}, role=Role.HARMFUL, trace=Trace.HIJACKED)
    clean, second = many(example, {0: 8, 1: 2})
    left_out = over_weight(harmful + clean, first + second, {0: 1, 1: 1}, seed=0)
    assert len(left_out) == 6
    assert min(left_out) >= len(harmful)


@given(
    sizes=st.dictionaries(st.integers(0, 5), st.integers(1, 30), min_size=1),
    weights=st.lists(st.floats(0.01, 100), min_size=6, max_size=6),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_no_source_is_above_its_weight_by_a_row_or_lost(
    example: Callable[..., Example], sizes: dict[int, int], weights: list[float]
) -> None:
    found = kept(sizes, dict(enumerate(weights)), example)
    per_weight = min(size / weights[entry] for entry, size in sizes.items())
    assert all(1 <= found[entry] <= max(1, per_weight * weights[entry] + 1e-6) for entry in sizes)
    assert any(found[entry] == size for entry, size in sizes.items())


def test_shares_count_datasets_by_kind(example: Callable[..., Example]) -> None:
    known, _ = many(example, {0: 3})
    other = facts(example("x", trace=Trace.RESISTED))._replace(dataset="other")
    assert shares([*known, other]) == {"clean": {"test": 3}, "resisted": {"other": 1}}


def test_a_source_that_fills_a_kind_is_warned_of_unless_it_is_the_only_one() -> None:
    (warning,) = warnings({"clean": {"attackqa": 8, "tulu": 2}, "harmful": {"a": 1, "b": 1}})
    assert "attackqa is 80% of the clean examples" in warning
    assert warnings({"clean": {"a": 8}, "harmful": {"a": 2}}) == []
