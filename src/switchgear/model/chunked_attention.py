"""Causal attention in float32 on a CPU, a chunk of queries at a time, with the products of oneDNN.

PyTorch's flash kernel multiplies with the BLAS that PyTorch was built with, which on some CPUs is half as fast. As with
flash, nothing but the inputs is kept: the backward pass makes the weights of each chunk once more.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

LEAST = 256 * 256
"""Pairs of a query and a key from which this is faster than flash, with one thread."""
CHUNK = 128
"""Queries whose weights are held at once: few enough for the cache of a core, many enough for a product."""
QUERIES, KEYS = 32, 64
"""Both are padded to multiples of these, because oneDNN prepares a kernel for every new shape."""


def fits(query: Tensor, key: Tensor, value: Tensor) -> bool:
    """Whether they can be given to `ChunkedAttention`, and gain by it."""
    if not torch.backends.mkldnn.is_available() or query.shape[2] * key.shape[2] < LEAST:  # type: ignore[no-untyped-call]
        return False
    return all(part.device.type == "cpu" and part.dtype is torch.float32 for part in (query, key, value))


class ChunkedAttention(torch.autograd.Function):
    """`apply(query, key, value, scaling)`: the queries are the last of the tokens, and see keys up to themselves."""

    @staticmethod
    def forward(
        context: Any,
        query: Float[Tensor, "1 heads query width"],
        key: Float[Tensor, "1 kv_heads key width"],
        value: Float[Tensor, "1 kv_heads key value_width"],
        scaling: float,
    ) -> Float[Tensor, "1 heads query value_width"]:
        context.save_for_backward(query, key, value)
        context.scaling = scaling
        queries, keys, values = _grouped(query * scaling, key), _padded(key, KEYS), _padded(value, KEYS)
        out = values.new_empty(*queries.shape[:3], values.shape[2])
        for q, k, v, o in zip(queries, keys, values, out, strict=True):
            for rows, first, seen in _chunks(query, key):
                weights = _weights(q[:, rows], k[:seen], first)
                o[:, rows] = _product(weights, v[:seen].t()).view_as(o[:, rows])
        return _ungrouped(out, query)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, key, value = context.saved_tensors
        queries, keys, values = _grouped(query * context.scaling, key), _padded(key, KEYS), _padded(value, KEYS)
        of_queries = torch.empty_like(queries)
        of_keys, of_values = (part.new_zeros(len(part), part.shape[2], part.shape[1]) for part in (keys, values))
        parts = queries, keys, values, _grouped(gradient, key), of_queries, of_keys, of_values
        for q, k, v, g, of_q, of_k, of_v in zip(*parts, strict=True):
            for rows, first, seen in _chunks(query, key):
                weights = _weights(q[:, rows], k[:seen], first)
                chunk, given = q[:, rows].flatten(0, 1), g[:, rows].flatten(0, 1)
                of_weights = _product(given, v[:seen])
                of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
                of_q[:, rows] = _product(of_scores, k[:seen].t()).view_as(of_q[:, rows])
                of_k[:, :seen] += _product(chunk.t().contiguous(), of_scores.t())
                of_v[:, :seen] += _product(given.t().contiguous(), weights.t())
        of_key, of_value = (part.mT[None, :, : key.shape[2]] for part in (of_keys, of_values))
        return _ungrouped(of_queries, query) * context.scaling, of_key, of_value, None


def _grouped(states: Tensor, key: Tensor) -> Float[Tensor, "kv_heads group more width"]:
    """Query heads that share keys stand together: they are one product."""
    heads = _padded(states, QUERIES)
    return heads.view(key.shape[1], -1, *heads.shape[1:])


def _ungrouped(groups: Tensor, query: Tensor) -> Float[Tensor, "1 heads query width"]:
    return groups.flatten(0, 1)[None, :, : query.shape[2]]


def _padded(states: Float[Tensor, "1 heads token width"], multiple: int) -> Float[Tensor, "heads more width"]:
    return pad(states[0], (0, 0, 0, -states.shape[2] % multiple)).contiguous()


def _chunks(query: Tensor, key: Tensor) -> list[tuple[slice, int, int]]:
    """Some of the queries, the token that is the first of them, and how many keys they see at most."""
    count, path = query.shape[2], key.shape[2] - query.shape[2]
    return [
        (slice(start, start + CHUNK), path + start, -(-(path + min(start + CHUNK, count)) // KEYS) * KEYS)
        for start in range(0, count, CHUNK)
    ]


def _weights(
    queries: Float[Tensor, "group query width"], keys: Float[Tensor, "key width"], first: int
) -> Float[Tensor, "row key"]:
    """Rows are the queries of one head, then those of the next; the first of each is token `first`."""
    group, count, _ = queries.shape
    scores = _product(queries.flatten(0, 1), keys)
    later = scores.new_full((count, len(keys) - first), float("-inf")).triu(1)
    scores.view(group, count, -1)[..., first:] += later
    return scores.softmax(-1)


def _product(states: Float[Tensor, "row width"], weight: Float[Tensor, "column width"]) -> Float[Tensor, "row column"]:
    """`states @ weight.t()` in strict float32: fast if the weight is contiguous, or the transpose of what is."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, None, "none", [], "")
    return product
