"""Captured states against `output_hidden_states`; the trunk is whole again afterwards."""

import pytest
import torch
from transformers import AutoConfig, AutoModel, PreTrainedModel

from switchgear.errors import ModelError, RecipeError
from switchgear.model.hidden_states import blocks_to_train, both_states, hidden_states, target_indices, trunk_of
from switchgear.model.layout import padded, trie
from switchgear.model.load import add_adapter
from switchgear.recipe import LoraRecipe

IDS = torch.randint(3, 300, (2, 10), generator=torch.Generator().manual_seed(0))


ROWS = IDS.tolist()
ALL = torch.arange(20)


@pytest.mark.parametrize("last", [1, 3, 4])
def test_states_are_those_of_output_hidden_states(tiny_model: PreTrainedModel, last: int):
    expected = tiny_model(input_ids=IDS, output_hidden_states=True).hidden_states
    states = hidden_states(tiny_model, padded(ROWS), [0, last], ALL)
    torch.testing.assert_close(states, torch.stack([expected[0], expected[last]]).flatten(1, 2), rtol=1e-5, atol=1e-5)


def test_padding_on_the_right_changes_no_real_token(tiny_model: PreTrainedModel):
    longer = padded([*ROWS, [1] * 15])
    real = torch.tensor(longer.places[0] + longer.places[1])
    torch.testing.assert_close(
        hidden_states(tiny_model, longer, [3], real),
        hidden_states(tiny_model, padded(ROWS), [3], ALL),
        rtol=1e-5,
        atol=1e-5,
    )


def test_the_trunk_is_restored_even_after_an_error(tiny_llama: PreTrainedModel):
    before = tiny_llama(IDS).logits
    for layout in (padded, trie):
        with pytest.raises(IndexError):
            hidden_states(tiny_llama, layout([[10_000] * 3]), [2], torch.arange(3))
    assert len(trunk_of(tiny_llama).layers) == 4
    assert not trunk_of(tiny_llama).layers[0]._forward_hooks
    torch.testing.assert_close(tiny_llama(IDS).logits, before)


def test_frozen_states_are_those_without_the_adapter(tiny_llama: PreTrainedModel):
    alone = hidden_states(tiny_llama, padded(ROWS), [1, 3], ALL)
    adapted = add_adapter(tiny_llama, LoraRecipe(initial_b=0.1), layers=3)
    moved, frozen = both_states(adapted, padded(ROWS), [1, 3], ALL)
    torch.testing.assert_close(frozen, alone)
    assert not frozen.requires_grad
    assert (moved - frozen).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("layers", "expected"), [(None, [0, 1, 2, 3]), ((2, 1), [1, 2]), (0.3, [3]), (0.04, [0, 1, 2, 3])]
)
def test_blocks_to_train_by_number_from_a_relative_depth_on_or_all(
    layers: tuple[int, ...] | float | None, expected: list[int]
):
    assert blocks_to_train(layers, 4, depth=10) == expected


def test_a_depth_above_the_target_leaves_nothing_to_train():
    with pytest.raises(RecipeError, match="no block is left to train"):
        blocks_to_train(0.5, 4, depth=10)


@pytest.mark.parametrize(("layers", "expected"), [((10, 20), [10, 20]), ((1 / 3, 2 / 3), [10, 20]), ((30,), [30])])
def test_layers_by_number_or_relative_depth(layers: tuple[float, ...], expected: list[int]):
    assert target_indices(layers, 30) == expected


@pytest.mark.parametrize("layer", [0, 31, -1, 0.001])
def test_layers_out_of_range_name_the_depth(layer: float):
    with pytest.raises(RecipeError, match="a model with 30 blocks"):
        target_indices([layer], 30)


def test_an_unknown_architecture_is_named():
    encoder = AutoModel.from_config(
        AutoConfig.for_model("bert", hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    )
    with pytest.raises(ModelError, match="BertModel is not understood"):
        trunk_of(encoder)
