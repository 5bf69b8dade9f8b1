"""Attention in chunks is PyTorch's own: outputs and gradients, for queries that follow any path."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import PreTrainedModel

from switchgear.model import chunked_attention, trie_attention
from switchgear.model.causal_mask import causal_mask
from switchgear.model.chunked_attention import ChunkedAttention, fits
from switchgear.model.hidden_states import hidden_states
from switchgear.model.layout import trie

ROWS = [[5, 6, 7, 8, 9], [5, 6, 7, 30], [40, 41]]

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch was built without oneDNN")


def states(count: int, path: int, heads: int = 6, kv_heads: int = 2) -> list[Tensor]:
    """Queries, keys and values as a model has them: a view whose tokens come before its heads."""
    generator = torch.Generator().manual_seed(count)
    shapes = (count, heads, 16), (path + count, kv_heads, 16), (path + count, kv_heads, 24)
    return [torch.randn(1, *shape, generator=generator).transpose(1, 2).requires_grad_() for shape in shapes]


@pytest.mark.parametrize(("count", "path"), [(1, 0), (1, 70), (32, 32), (33, 31), (128, 0), (300, 0), (150, 205)])
@pytest.mark.parametrize("kv_heads", [1, 2, 6])
def test_outputs_and_gradients_are_those_of_pytorch(count: int, path: int, kv_heads: int):
    given = states(count, path, kv_heads=kv_heads)
    mask = causal_mask(count, path, torch.device("cpu"))
    wanted = scaled_dot_product_attention(*given, attn_mask=mask, is_causal=not path, scale=0.3, enable_gqa=True)
    found = ChunkedAttention.apply(*given, 0.3)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    weight = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(0))
    gradients = [torch.autograd.grad((out * weight).sum(), given) for out in (found, wanted)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-5)


def test_it_is_for_many_pairs_in_float32_on_a_cpu():
    assert fits(*states(256, 0))
    assert fits(*states(64, 960))
    assert not fits(*states(255, 0))
    assert not fits(*(part.bfloat16() for part in states(256, 0)))
    assert not fits(*(part.to("meta") for part in states(256, 0)))


def test_a_model_reads_a_trie_the_same_with_it(tiny_model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch):
    layout, tokens = trie(ROWS), torch.arange(8)
    expected = hidden_states(tiny_model, layout, [1, 4], tokens)
    monkeypatch.setattr(chunked_attention, "LEAST", 1)
    monkeypatch.setattr(trie_attention, "scaled_dot_product_attention", None)
    torch.testing.assert_close(hidden_states(tiny_model, layout, [1, 4], tokens), expected, rtol=1e-5, atol=1e-5)
