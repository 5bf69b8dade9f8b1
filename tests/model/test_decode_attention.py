"""Attention of few tokens against the fused kernel, and that a model is left as it was."""

import pytest
import torch
from transformers import PreTrainedModel

from switchgear.model.decode_attention import FEW, NAME, decode_attention


def test_every_architecture_attends_as_before(tiny_model: PreTrainedModel):
    ids = torch.arange(3, 3 + 3 * 90).reshape(3, 90)
    mask = torch.ones_like(ids)
    mask[1, :40] = 0
    for width in (90, FEW, 1):
        given = {"input_ids": ids[:, -width:], "attention_mask": mask[:, -width:]}
        expected = tiny_model(**given).logits
        with decode_attention(tiny_model):
            torch.testing.assert_close(tiny_model(**given).logits[[0, 2]], expected[[0, 2]], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("failing", [False, True])
def test_afterwards_a_model_attends_by_what_it_did(tiny_llama: PreTrainedModel, failing: bool):
    try:
        with decode_attention(tiny_llama):
            assert tiny_llama.config._attn_implementation == NAME
            if failing:
                raise ArithmeticError
    except ArithmeticError:
        assert failing
    assert tiny_llama.config._attn_implementation == "sdpa"


def test_another_implementation_is_left_alone(tiny_llama: PreTrainedModel):
    tiny_llama.set_attn_implementation("eager")
    with decode_attention(tiny_llama):
        assert tiny_llama.config._attn_implementation == "eager"
