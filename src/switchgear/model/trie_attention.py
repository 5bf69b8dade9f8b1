"""Attention in a trie: every token sees the path above it. Registered with transformers; on only inside `attending`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from switchgear.model.layout import Layout, Node

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
    """One call per node: its queries, on the keys of its path and its own."""
    outputs = [
        scaled_dot_product_attention(
            query[:, :, node.start : node.end],
            _path(key, node),
            _path(value, node),
            attn_mask=mask,
            is_causal=mask is None,
            dropout_p=dropout,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        for node, mask in zip(layout.nodes, layout.masks, strict=True)
    ]
    return torch.cat(outputs, dim=2).transpose(1, 2), None


def _path(states: Tensor, node: Node) -> Tensor:
    spans = [*node.above, (node.start, node.end)]
    return torch.cat([states[:, :, start:end] for start, end in spans], dim=2)


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
