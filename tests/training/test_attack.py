import torch
from hypothesis import given
from hypothesis import strategies as st

from switchgear.training.attack import Ball


def test_the_strongest_change_reaches_the_border_where_the_gain_is_highest():
    found = Ball(torch.tensor([1.0, 2.0])).strongest(lambda change: change.sum(), width=4, steps=8)
    torch.testing.assert_close(found, torch.tensor([[0.5] * 4, [1.0] * 4]))


def test_a_gain_that_falls_everywhere_leaves_no_change():
    found = Ball(torch.tensor([1.0])).strongest(lambda change: -change.abs().sum(), width=4, steps=3)
    torch.testing.assert_close(found, torch.zeros(1, 4))


@given(st.integers(0, 1000), st.integers(1, 6))
def test_changes_stay_in_the_ball_and_never_lose(seed: int, steps: int):
    generator = torch.Generator().manual_seed(seed)
    radii, matrix = torch.rand(3, generator=generator), torch.randn(3, 5, generator=generator)

    def gain(change: torch.Tensor) -> torch.Tensor:
        return (torch.tanh(matrix + 3 * change) * matrix.roll(1)).sum()

    found = Ball(radii).strongest(gain, width=5, steps=steps)
    assert (found.norm(dim=-1) <= radii * (1 + 1e-5)).all()
    assert gain(found) >= gain(torch.zeros(3, 5))
