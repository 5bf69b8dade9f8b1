"""Both models in lockstep: the same states, and gradients that rounding does not drown."""

import pytest
import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from switchgear.model import lockstep
from switchgear.model.full_blocks import add_full_blocks
from switchgear.model.hidden_states import ReadBoth, blocks_of, both_states
from switchgear.model.layout import padded, trie
from switchgear.model.load import add_adapter
from switchgear.model.lockstep import both_states_in_lockstep, read_both_for
from switchgear.recipe import LoraRecipe
from tests.conftest import build_tiny

ROWS = [[3, 4, 5, 6, 7, 8], [3, 4, 5, 9, 10], [11, 12, 13]]
ALL = torch.arange(11)


def adapted(base: PreTrainedModel, initial_b: float = 1e-3) -> PeftModel:
    torch.manual_seed(0)
    return add_adapter(base, LoraRecipe(initial_b=initial_b), 4)


@pytest.mark.parametrize("layout", [padded, trie])
def test_states_are_those_of_two_forwards(tiny_model: PreTrainedModel, layout):
    model = adapted(tiny_model, 0.05)
    found, expected = (read(model, layout(ROWS), [0, 2, 4], ALL) for read in (both_states_in_lockstep, both_states))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    assert not found[1].requires_grad


def gradient(model: PeftModel, read: ReadBoth) -> Tensor:
    """Of both losses of rerouting, each scaled to the same size."""
    states, frozen = read(model, trie(ROWS), [2, 3], ALL)
    retain = (states - frozen).norm(dim=-1).mean()
    reroute = torch.cosine_similarity(states, frozen, dim=-1).mean()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    parts = [torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True) for loss in (retain, reroute)]
    flat = [torch.cat([part.flatten() for part in each if part is not None]) for each in parts]
    return torch.stack([each / each.norm() for each in flat])


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gemma3_text", "qwen3_moe"])
def test_early_gradients_in_bfloat16_are_those_in_float32(architecture: str):
    """At the start of training two forwards are off by a tenth and more here, and by 1 or 2 on a model of 30 blocks."""
    low = build_tiny(architecture).to(torch.bfloat16)
    exact = gradient(adapted(build_tiny(architecture).to(torch.bfloat16).float()), both_states)
    model = adapted(low)
    errors = {
        read: (gradient(model, read) - exact).norm(dim=-1).max() for read in (both_states_in_lockstep, both_states)
    }
    assert errors[both_states_in_lockstep] < 0.02
    assert errors[both_states] > 0.05


def test_blocks_and_adapters_are_left_as_they_were(tiny_llama: PreTrainedModel):
    model = adapted(tiny_llama, 0.05)
    before = model(torch.tensor([ROWS[0]])).logits
    for rows in (ROWS, [[10_000]]):
        if rows is ROWS:
            both_states_in_lockstep(model, trie(rows), [2], ALL)
        else:
            with pytest.raises(IndexError):
                both_states_in_lockstep(model, trie(rows), [2], torch.tensor([0]))
        assert not any("forward" in vars(block) for block in blocks_of(model))
        assert torch.equal(model(torch.tensor([ROWS[0]])).logits, before)
    assert all(weight.requires_grad == ("lora_" in name) for name, weight in model.named_parameters())


def test_whole_trained_blocks_run_beside_their_frozen_originals():
    torch.manual_seed(0)
    model = add_full_blocks(build_tiny("llama").to(torch.bfloat16), [1, 2])
    found, expected = (read(model, trie(ROWS), [1, 3], ALL) for read in (both_states_in_lockstep, both_states))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("dtype", "chosen"), [("float32", both_states), ("bfloat16", both_states_in_lockstep)])
def test_it_is_for_weights_in_bfloat16(dtype: str, chosen: ReadBoth):
    model = adapted(build_tiny("llama").to(getattr(torch, dtype)))
    assert read_both_for(model, trie(ROWS), 3) == (chosen, "")


def test_states_that_come_out_differently_are_noticed(monkeypatch: pytest.MonkeyPatch):
    model = adapted(build_tiny("llama").to(torch.bfloat16))
    monkeypatch.setattr(lockstep, "both_states_in_lockstep", lambda *given: [2 * part for part in both_states(*given)])
    assert read_both_for(model, trie(ROWS), 3) == (
        both_states,
        "its states come out differently in lockstep (by 100% of their norm)",
    )


def test_blocks_that_cannot_be_run_twice_are_noticed(monkeypatch: pytest.MonkeyPatch):
    def stubborn(*_: object) -> None:
        raise TypeError

    model = adapted(build_tiny("llama").to(torch.bfloat16))
    monkeypatch.setattr(lockstep, "both_states_in_lockstep", stubborn)
    assert read_both_for(model, trie(ROWS), 3)[1] == "its blocks cannot be run twice (TypeError)"
