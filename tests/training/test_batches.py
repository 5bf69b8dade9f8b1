import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.model.layout import trie
from switchgear.recipe import BatchRecipe
from switchgear.training.batches import Draws, Row, uncontested, weights


def row(token: int, size: int = 2, origin: str = "") -> Row:
    return Row([token] * size, [0.0] * size, [1.0] * size, origin)


def test_every_example_is_dealt_once_before_any_comes_again():
    draws = Draws({"harmful": [row(n) for n in range(5)]}, BatchRecipe(harmful=2, clean=0, resisted=0), 10, seed=3)
    dealt = [part.ids[0] for index in range(10) for part in draws[index]]
    assert [sorted(dealt[start : start + 5]) for start in (0, 5, 10, 15)] == [[0, 1, 2, 3, 4]] * 4


def test_a_draw_depends_on_seed_and_number_alone():
    pools = {"harmful": [row(n) for n in range(50)], "clean": [row(n) for n in range(50)]}
    batch = BatchRecipe(harmful=2, clean=1, resisted=0)
    assert Draws(pools, batch, 9, 0)[7] == Draws(pools, batch, 100, 0)[7]
    assert Draws(pools, batch, 9, 0)[7] != Draws(pools, batch, 9, 1)[7]


def test_weights_of_a_shared_token_are_summed():
    rows = [Row([1, 2, 3], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]), Row([1, 2, 4], [0.0] * 3, [1.0] * 3)]
    reroute, retain = weights(rows, trie([row.ids for row in rows]))
    assert reroute.tolist() == [0, 0, 1, 0]
    assert retain.tolist() == [1.5, 1.5, 0, 1]


def test_resisted_rows_are_the_twins_of_the_harmful_ones():
    pools = {
        "harmful": [row(n, origin=f"row {n}") for n in range(8)],
        "resisted": [row(10 + n, origin=f"row {n}") for n in range(1, 8)],
    }
    draws = Draws(pools, BatchRecipe(harmful=1, clean=0, resisted=1), 8, seed=0)
    drawn = [(harmful.ids[0], resisted.ids[0]) for harmful, resisted in map(draws.__getitem__, range(8))]
    assert all(resisted == harmful + 10 for harmful, resisted in drawn if harmful)
    assert next(resisted > 10 for harmful, resisted in drawn if not harmful)  # it has no twin: another is dealt


def test_harmful_tokens_whose_whole_prefix_is_retained_are_not_rerouted():
    harmful = [Row([1, 2, 3, 4], [0.0, 1.0, 1.0, 1.0], []), Row([7, 8], [1.0, 1.0], [])]
    retained = [Row([1, 2, 5], [], []), Row([1, 2, 3], [], [])]
    assert [part.reroute for part in uncontested(harmful, retained)] == [[0, 0, 0, 1], [1, 1]]


IDS = st.lists(st.integers(0, 2), min_size=1, max_size=6)


@given(st.lists(IDS, min_size=1, max_size=6), st.lists(IDS, max_size=6))
def test_what_is_contested_is_what_pairwise_comparison_says(harmful: list[list[int]], retained: list[list[int]]):
    rows = [[Row(ids, [1.0] * len(ids), []) for ids in kind] for kind in (harmful, retained)]
    for row in uncontested(*rows):
        prefixes = {tuple(ids[:end]) for ids in retained for end in range(len(ids) + 1)}
        assert row.reroute == [float(tuple(row.ids[: end + 1]) not in prefixes) for end in range(len(row.ids))]


@pytest.mark.parametrize("count", [0, 3])
def test_kinds_that_are_not_drawn_need_no_pool(count: int):
    draws = Draws({"harmful": [row(1)], "clean": [row(2)]}, BatchRecipe(clean=count, resisted=0), 1, 0)
    assert len(draws[0]) == 2 + count
