from pathlib import Path

import pytest
import torch

from switchgear.deploy.probe import Probe, fit, load
from switchgear.errors import DataError


def two_clouds(count: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens of two states, of which the second tells: tripped ones point the other way on the first axis."""
    torch.manual_seed(0)
    states = torch.randn(2, 2 * count, 8)
    tripped = torch.arange(2 * count) < count
    states[1, :, 0] = torch.where(tripped, -4.0, 4.0)
    return states, tripped


def test_a_probe_is_the_log_odds_of_states_of_unit_length():
    probe = Probe(torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor(0.5))
    states = torch.tensor([[[3.0, 4.0], [-5.0, 0.0]], [[0.0, 7.0], [1.0, 0.0]]])
    torch.testing.assert_close(probe(states), torch.tensor([0.6 + 2 + 0.5, -1 + 0 + 0.5]))


def test_fitting_separates_what_can_be_separated_on_tokens_it_has_not_seen():
    states, tripped = two_clouds()
    probe = fit(states[:, ::2], tripped[::2])
    assert ((probe(states[:, 1::2]) > 0) == tripped[1::2]).float().mean() > 0.95
    assert probe.weight[1, 0] < 0


def test_the_length_of_states_does_not_matter():
    states, tripped = two_clouds()
    probe = fit(states, tripped)
    torch.testing.assert_close(probe(states * 100), probe(states))


def test_many_held_tokens_do_not_move_the_boundary():
    """One feature, tripped at -1, held at 1, ten to one: even odds stay in the middle."""
    states = torch.tensor([[[-1.0, 1.0]] * 5 + [[1.0, 1.0]] * 50])
    probe = fit(states, torch.arange(55) < 5)
    assert float(probe(torch.tensor([[[0.0, 1.0]]]))) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("tripped", [True, False])
def test_tokens_of_one_class_alone_are_an_error(tripped: bool):
    with pytest.raises(DataError, match="needs tokens that the breaker has tripped in"):
        fit(torch.randn(1, 4, 8), torch.full((4,), tripped))


def test_a_saved_probe_is_the_same_and_a_damaged_file_is_named(tmp_path: Path):
    states, tripped = two_clouds()
    probe, path = fit(states, tripped), tmp_path / "probe.safetensors"
    probe.save(path)
    torch.testing.assert_close(load(path)(states), probe(states), rtol=0, atol=0)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"probe\.safetensors is no probe"):
        load(path)
