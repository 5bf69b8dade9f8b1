"""Both forms of the mask are the same attention."""

import torch
from torch.nn.functional import scaled_dot_product_attention

from switchgear.model import causal_mask as module
from switchgear.model.causal_mask import causal_mask
from switchgear.model.layout import trie

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_queries_see_all_of_their_path_and_their_own_up_to_themselves():
    assert causal_mask(2, 3, CPU).tolist() == [[True, True, True, True, False], [True] * 5]
    assert causal_mask(2, 0, CPU) is None


def test_the_form_for_a_gpu_gives_the_same_attention_and_gradients():
    generator = torch.Generator().manual_seed(0)
    found = []
    for device in (CPU, GPU):  # the form is chosen by device, and PyTorch reads both on a CPU
        query, key, value = (torch.randn(1, heads, size, 8, generator=generator) for heads, size in SHAPES)
        generator.manual_seed(0)
        query.requires_grad_()
        mask = causal_mask(4, 6, device)
        out = scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
        out.square().sum().backward()
        found.append((out, query.grad))
    assert isinstance(mask, module.causal_lower_right(4, 10).__class__)
    torch.testing.assert_close(*found)


SHAPES = ((4, 4), (2, 10), (2, 10))


def test_masks_are_built_once_for_a_layout():
    layout = trie([[1, 2, 3], [1, 2, 4]])
    assert [None if mask is None else tuple(mask.shape) for mask in layout.masks] == [None, (1, 3), (1, 3)]
    assert layout.masks is layout.masks
