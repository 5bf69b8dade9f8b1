"""What is done to an adapter, and that nothing is left of it."""

import pytest
import torch
from peft import PeftModel
from torch.testing import assert_close
from transformers import PreTrainedModel

from switchgear.errors import ModelError
from switchgear.model.full_blocks import add_full_blocks
from switchgear.model.load import add_adapter
from switchgear.model.tampering import adapter_weights, blank_weights, scaled, with_weights
from switchgear.recipe import LoraRecipe
from tests.conftest import build_tiny

IDS = torch.tensor([[5, 6, 7, 8]])


@pytest.fixture
def adapted(tiny_llama: PreTrainedModel) -> PeftModel:
    return add_adapter(tiny_llama, LoraRecipe(rank=2, alpha=2, initial_b=0.1), 3).eval()


def logits(model: PeftModel) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=IDS).logits


def frozen_logits(model: PeftModel) -> torch.Tensor:
    with model.disable_adapter():
        return logits(model)


def state(model: PeftModel) -> dict[str, tuple[torch.Tensor, bool]]:
    return {name: (weight.clone(), weight.requires_grad) for name, weight in model.named_parameters()}


def test_scale_0_is_the_frozen_model_and_scale_1_the_adapted_one(adapted: PeftModel):
    before, frozen = logits(adapted), frozen_logits(adapted)
    with scaled(adapted, 0.0):
        assert_close(logits(adapted), frozen)
    with scaled(adapted, 1.0):
        assert torch.equal(logits(adapted), before)
    with scaled(adapted, 0.5):
        half = logits(adapted)
    assert not torch.allclose(half, before)
    assert not torch.allclose(half, frozen)


def test_a_scale_is_undone_to_the_bit_also_after_an_error(adapted: PeftModel):
    before = logits(adapted)
    with pytest.raises(KeyError), scaled(adapted, 1 / 3):
        raise KeyError
    assert torch.equal(logits(adapted), before)


def test_blank_weights_give_the_frozen_model(adapted: PeftModel):
    frozen = frozen_logits(adapted)
    with with_weights(adapted, blank_weights(adapted)):
        assert_close(logits(adapted), frozen)


def test_other_weights_are_there_only_within_whether_or_not_the_adapter_is_on(adapted: PeftModel):
    doubled = [2 * weight for weight in adapter_weights(adapted)]
    before, frozen = logits(adapted), frozen_logits(adapted)
    weights = state(adapted)
    with with_weights(adapted, doubled):
        during = logits(adapted)
    assert not torch.allclose(during, before)
    with adapted.disable_adapter():
        with with_weights(adapted, doubled):
            assert torch.equal(logits(adapted), during)
        assert torch.equal(logits(adapted), frozen)
    assert torch.equal(logits(adapted), before)
    for name, (weight, _) in state(adapted).items():
        assert torch.equal(weight, weights[name][0])


def test_what_is_trained_within_is_gone_afterwards(adapted: PeftModel):
    adapted.requires_grad_(False)
    weights = state(adapted)
    before = logits(adapted)
    with with_weights(adapted, adapter_weights(adapted)) as parameters:
        adapted(input_ids=IDS).logits.sum().backward()
        torch.optim.SGD(parameters, 1.0).step()
        assert not torch.allclose(logits(adapted), before)
    for name, weight in adapted.named_parameters():
        assert torch.equal(weight, weights[name][0])
        assert not weight.requires_grad
        assert weight.grad is None


def test_weights_are_put_back_after_an_error(adapted: PeftModel):
    before = logits(adapted)
    with pytest.raises(KeyError), with_weights(adapted, blank_weights(adapted)):
        raise KeyError
    assert torch.equal(logits(adapted), before)


def test_whole_blocks_can_be_trained_on_but_neither_scaled_nor_started_afresh():
    model = add_full_blocks(build_tiny("llama"), [2])
    before = logits(model)
    with with_weights(model, [2 * weight for weight in adapter_weights(model)]):
        assert not torch.allclose(logits(model), before)
    assert torch.equal(logits(model), before)
    with pytest.raises(ModelError, match="no LoRA"), scaled(model, 0.5):
        pass
    with pytest.raises(ModelError, match="no LoRA"):
        blank_weights(model)
