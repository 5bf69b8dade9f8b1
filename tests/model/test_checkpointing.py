"""With recomputed activations: the same states and gradients, from far fewer kept tensors."""

from collections.abc import Callable

import pytest
import torch
from peft import PeftModel
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from transformers import PreTrainedModel

from switchgear.model.full_blocks import add_full_blocks
from switchgear.model.hidden_states import ReadBoth, blocks_of, both_states
from switchgear.model.layout import Layout, padded, trie
from switchgear.model.load import add_adapter
from switchgear.model.lockstep import both_states_in_lockstep
from switchgear.model.perturbation import perturbed
from switchgear.recipe import LoraRecipe
from tests.conftest import build_tiny

ROWS = [[3, 4, 5, 6, 7, 8], [3, 4, 5, 9, 10], [11, 12, 13]]
ALL = torch.arange(11)
LayOut = Callable[[list[list[int]]], Layout]


def adapted(base: PreTrainedModel, dropout: float = 0, layers: int | list[int] = 4) -> PeftModel:
    torch.manual_seed(0)
    return add_adapter(base, LoraRecipe(initial_b=0.05, dropout=dropout), layers)


def loss(model: PeftModel, read: ReadBoth, checkpointing: bool, rows: Layout, states: list[int]) -> Tensor:
    found, frozen = read(model, rows, states, ALL, checkpointing)
    return torch.cosine_similarity(found, frozen, dim=-1).mean() + (found - frozen).norm(dim=-1).mean()


def gradients(model: PeftModel, read: ReadBoth, checkpointing: bool, lay_out: LayOut = trie) -> dict[str, Tensor]:
    model.zero_grad()
    torch.manual_seed(1)
    loss(model, read, checkpointing, lay_out(ROWS), [0, 1, 3, 4]).backward()
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


def assert_same_gradients(model: PeftModel, read: ReadBoth = both_states, lay_out: LayOut = trie) -> None:
    plain, recomputed = (gradients(model, read, checkpointing, lay_out) for checkpointing in (False, True))
    assert plain.keys() == recomputed.keys()
    assert any(part.any() for part in plain.values())
    for name, part in plain.items():
        assert torch.equal(part, recomputed[name]), name


@pytest.mark.parametrize("lay_out", [padded, trie])
@pytest.mark.parametrize("read", [both_states, both_states_in_lockstep])
def test_gradients_are_the_same_to_the_last_bit(tiny_model: PreTrainedModel, read: ReadBoth, lay_out: LayOut):
    assert_same_gradients(adapted(tiny_model), read, lay_out)


@pytest.mark.parametrize("read", [both_states, both_states_in_lockstep])
def test_so_they_are_in_bfloat16_with_dropout_and_in_whole_blocks(read: ReadBoth):
    model = adapted(build_tiny("qwen3").to(torch.bfloat16), dropout=0.3)
    assert_same_gradients(model.train(), read)
    assert_same_gradients(add_full_blocks(build_tiny("llama").to(torch.bfloat16), [1, 2]), read)


def test_states_that_are_changed_on_the_way_are_changed_once():
    """As in latent adversarial training: the gradient for the change, and then that of the adapter under it."""
    model, found = adapted(build_tiny("llama")), []
    for checkpointing in (False, True):
        change = torch.full((2, 32), 0.1, requires_grad=True)
        with perturbed(model, 1, torch.tensor([3, 4]), change):
            value = loss(model, both_states, checkpointing, trie(ROWS), [2, 3])
        found.append(torch.autograd.grad(value, change)[0])
    assert found[0].any()
    assert torch.equal(*found)


def test_a_graph_that_is_kept_can_be_walked_twice():
    model = adapted(build_tiny("llama"))
    weights = [weight for name, weight in model.named_parameters() if weight.requires_grad and "layers.3" not in name]
    value = loss(model, both_states_in_lockstep, True, trie(ROWS), [3])
    first, second = (torch.autograd.grad(value, weights, retain_graph=True) for _ in range(2))
    assert all(map(torch.equal, first, second))


def kept(model: PeftModel, read: ReadBoth, checkpointing: bool) -> int:
    """Bytes of all tensors that the backward pass holds on to, weights left out."""
    sizes = {}

    def pack(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    layout = trie([list(range(3, 203))])
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        value = read(model, layout, [3], torch.arange(10), checkpointing)[0].sum()
    value.backward()
    return sum(sizes.values())


@pytest.mark.parametrize(("read", "streams"), [(both_states, 1), (both_states_in_lockstep, 2)])
def test_of_a_block_only_its_input_is_kept(read: ReadBoth, streams: int):
    model = adapted(build_tiny("llama"), layers=3)
    stream = 200 * 32 * 4
    assert kept(model, read, True) < (3 * streams + 0.1) * stream
    assert kept(model, read, False) > 60 * stream


def test_blocks_are_left_as_they_were():
    model = adapted(build_tiny("llama"))
    for read in (both_states, both_states_in_lockstep):
        read(model, trie(ROWS), [2], ALL, True)
        with pytest.raises(IndexError):
            read(model, trie([[10_000]]), [2], ALL, True)
        assert not any("forward" in vars(block) for block in blocks_of(model))


def test_blocks_below_the_first_trained_one_keep_nothing():
    all_blocks, upper = (kept(adapted(build_tiny("llama"), layers=some), both_states, False) for some in (3, [2]))
    assert upper < 0.4 * all_blocks
