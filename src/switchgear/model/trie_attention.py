"""Attention in a trie: every token sees the path above it. Registered with transformers; on only inside `attending`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from switchgear.model.chunked_attention import ChunkedAttention, fits
from switchgear.model.layout import Layout

NAME = "switchgear_trie"


def attend(
    module: nn.Module,
    query: Float[Tensor, "batch heads token width"],
    key: Float[Tensor, "batch kv_heads token width"],
    value: Float[Tensor, "batch kv_heads token width"],
    attention_mask: Any,
    *,
    layout: Layout,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Float[Tensor, "batch token heads width"], None]:
    """One call per node: its queries, on the keys of its path and its own.

    States are split, not sliced: the gradient of every slice is as long as all tokens.
    """
    spans = [(node.start, node.end) for node in layout.nodes]
    sizes = [end - start for start, end in spans]
    queries, keys, values = (
        dict(zip(spans, torch.split(part, sizes, dim=2), strict=True)) for part in (query, key, value)
    )
    outputs = []
    for span, node, mask in zip(spans, layout.nodes, layout.masks, strict=True):
        path = [*node.above, span]
        key, value = (_joined([part[each] for each in path]) for part in (keys, values))
        outputs.append(_attended(queries[span], key, value, mask, scaling, dropout).transpose(1, 2))
    return torch.cat(outputs, dim=1), None


def _attended(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scaling: float | None, dropout: float
) -> Tensor:
    if not dropout and fits(query, key, value):
        scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
        chunked: Tensor = ChunkedAttention.apply(query, key, value, scaling)  # type: ignore[no-untyped-call]
        return chunked
    return scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        is_causal=mask is None,
        dropout_p=dropout,
        scale=scaling,
        enable_gqa=query.shape[1] != key.shape[1],
    )


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]


@contextmanager
def attending(trunk: nn.Module) -> Iterator[None]:
    """Every attention of the trunk is ours while entered; nothing stays changed."""
    modules: list[Any] = [module for module in trunk.modules() if hasattr(module, "config")]
    configs = {id(module.config): module.config for module in modules}
    before = [(config, config._attn_implementation) for config in configs.values()]
    try:
        for config, _ in before:
            config._attn_implementation = NAME
        yield
    finally:
        for config, implementation in before:
            config._attn_implementation = implementation


AttentionInterface.register(NAME, attend)
