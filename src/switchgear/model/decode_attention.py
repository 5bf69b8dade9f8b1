"""Attention of one new token per row on a CPU, as two plain products.

PyTorch's fused kernel is made for many queries at once: for one, it takes 4 times as long. Everything else goes to the
fused kernel as before. Scores are rounded to the dtype of the model, as in the `eager` attention of transformers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "switchgear_decode"
FEW = 64
"""New tokens up to which the scores, which are kept whole here, are small."""
UNUSUAL = ("softcap", "position_bias", "s_aux", "output_attentions")


@contextmanager
def decode_attention(model: Any) -> Iterator[None]:
    """Within, a model on the CPU that attends by `sdpa` decodes faster. Any other model is left as it is."""
    base = getattr(model, "get_base_model", lambda: model)()
    before = base.config._attn_implementation
    if before != "sdpa" or base.device.type != "cpu":
        yield
        return
    base.set_attn_implementation(NAME)
    try:
        yield
    finally:
        base.set_attn_implementation(before)


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """As `sdpa_attention_forward`: query (row, head, new, width) -> (row, new, head, width)."""
    usual = not (options.get("dropout") or any(options.get(name) for name in UNUSUAL))
    if attention_mask is None or attention_mask.shape[1] > 1 or query.shape[2] > FEW or not usual:
        fused: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return fused
    rows, heads, new, width = query.shape
    scaling = width**-0.5 if options.get("scaling") is None else options["scaling"]
    packed = query.reshape(rows, key.shape[1], -1, width)  # query heads that share keys are one product
    scores = (packed @ key.transpose(2, 3) * scaling).view(rows, heads, new, -1)
    weights = scores.masked_fill(~attention_mask, float("-inf")).softmax(-1, dtype=torch.float32).to(value.dtype)
    read = weights.view(*packed.shape[:3], -1) @ value
    return read.view(rows, heads, new, -1).transpose(1, 2), None


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
