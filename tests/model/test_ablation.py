"""Directions taken out of the residual stream."""

import pytest
import torch
from torch.testing import assert_close
from transformers import PreTrainedModel

from switchgear.model.ablation import Direction, ablated, difference_of_means
from switchgear.model.hidden_states import blocks_of, hidden_states
from switchgear.model.layout import padded


def test_the_direction_leads_from_the_second_mean_to_the_first():
    first = torch.tensor([[4.0, 2.0], [2.0, 2.0]])  # mean 3 2
    second = torch.tensor([[0.0, 0.0], [0.0, -4.0]])  # mean 0 -2: 3 4 apart
    direction = difference_of_means(first, second)
    assert_close(direction.unit, torch.tensor([0.6, 0.8]))
    assert_close(direction.level, torch.tensor(-1.6))


@pytest.mark.parametrize(("strength", "expected"), [(0.0, [7.0, 5.0]), (0.5, [4.0, 5.0]), (1.0, [1.0, 5.0])])
def test_the_component_is_moved_to_its_level_and_the_rest_left(strength: float, expected: list[float]):
    direction = Direction(torch.tensor([1.0, 0.0]), torch.tensor(1.0))
    assert_close(direction.ablate(torch.tensor([[7.0, 5.0]]), strength), torch.tensor([expected]))


def test_equal_means_leave_states_as_they_are():
    same = torch.ones(2, 3)
    states = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(difference_of_means(same, same).ablate(states, 1.0), states)


def test_a_state_is_ablated_at_every_token_while_entered(tiny_model: PreTrainedModel):
    layout, tokens = padded([[5, 6, 7], [8, 9, 5]]), torch.arange(6)
    direction = Direction(torch.eye(32)[3], torch.tensor(0.25))
    before = hidden_states(tiny_model, layout, [1, 2, 4], tokens)
    with ablated(tiny_model, {2: direction}, 1.0):
        during = hidden_states(tiny_model, layout, [1, 2, 4], tokens)
    assert torch.equal(during[0], before[0])
    assert_close(during[1, :, 3], torch.full((6,), 0.25))
    assert_close(during[1, :, :3], before[1, :, :3])
    assert not torch.allclose(during[2], before[2])
    assert torch.equal(hidden_states(tiny_model, layout, [1, 2, 4], tokens), before)
    assert not any(block._forward_hooks for block in blocks_of(tiny_model))


def test_hooks_are_gone_after_an_error(tiny_llama: PreTrainedModel):
    direction = Direction(torch.eye(32)[3], torch.tensor(0.25))
    with pytest.raises(KeyError), ablated(tiny_llama, {1: direction, 2: direction}, 1.0):
        raise KeyError
    assert not any(block._forward_hooks for block in blocks_of(tiny_llama))
