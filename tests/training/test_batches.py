import pytest
import torch

from switchgear.recipe import BatchRecipe
from switchgear.training.batches import Draws, Row, pad


def row(token: int, size: int = 2) -> Row:
    return Row([token] * size, [False] * size, [1.0] * size)


def test_every_example_is_dealt_once_before_any_comes_again():
    draws = Draws({"harmful": [row(n) for n in range(5)]}, BatchRecipe(harmful=2, clean=0, resisted=0), 10, seed=3)
    dealt = [part.ids[0] for index in range(10) for part in draws[index]]
    assert [sorted(dealt[start : start + 5]) for start in (0, 5, 10, 15)] == [[0, 1, 2, 3, 4]] * 4


def test_a_draw_depends_on_seed_and_number_alone():
    pools = {"harmful": [row(n) for n in range(50)], "clean": [row(n) for n in range(50)]}
    batch = BatchRecipe(harmful=2, clean=1, resisted=0)
    assert Draws(pools, batch, 9, 0)[7] == Draws(pools, batch, 100, 0)[7]
    assert Draws(pools, batch, 9, 0)[7] != Draws(pools, batch, 9, 1)[7]


def test_padding_is_on_the_right_and_weighs_nothing():
    batch = pad([row(7, 3), Row([5], [True], [0.0])], pad_id=9)
    assert batch.ids.tolist() == [[7, 7, 7], [5, 9, 9]]
    assert batch.reroute.tolist() == [[False] * 3, [True, False, False]]
    assert batch.retain.tolist() == [[1] * 3, [0] * 3]
    assert batch.ids.dtype is torch.long


@pytest.mark.parametrize("count", [0, 3])
def test_kinds_that_are_not_drawn_need_no_pool(count: int):
    draws = Draws({"harmful": [row(1)], "clean": [row(2)]}, BatchRecipe(clean=count, resisted=0), 1, 0)
    assert len(draws[0]) == 2 + count
