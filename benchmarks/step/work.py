"""How many floating-point operations a step needs at least, and how fast this machine multiplies."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.functional import linear

from benchmarks.step.naive import WIDTH
from benchmarks.step.ours import LAYOUTS, Kernels
from benchmarks.step.workloads import HALF, Workload
from switchgear.model.hidden_states import blocks_of, trunk_of
from switchgear.model.layout import Ids
from switchgear.training.reading import states_read

PROBES = 5
MOST_TOKENS = 4096


@dataclass(frozen=True)
class Shape:
    """Of a model: weights of one block and of its adapter, width of all heads, weights of the head, blocks, targets."""

    products: tuple[tuple[int, int], ...]
    adapter: int
    heads: int
    head: int
    blocks: int
    last: int

    @property
    def block(self) -> int:
        return sum(rows * columns for rows, columns in self.products)


def shape(model: Any, targets: Sequence[int]) -> Shape:
    config = trunk_of(model).config
    weights = list(blocks_of(model)[0].named_parameters())
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return Shape(
        products=tuple((w.shape[0], w.shape[1]) for name, w in weights if w.ndim == 2 and "lora_" not in name),
        adapter=sum(w.numel() for name, w in weights if "lora_" in name),
        heads=config.num_attention_heads * width,
        head=config.vocab_size * config.hidden_size,
        blocks=len(blocks_of(model)),
        last=max(targets),
    )


def minimum(shape: Shape, rows: Sequence[Ids], layout: str) -> float:
    """Three passes over the tokens up to the last target: frozen, adapted, and backward to activations.

    Attention counts four times, since its backward is two products for each of its forward; causal, so that a token
    at position p has p + 1 keys. The adapter counts three times (forward, to activations, to weights). A multiplication
    and an addition are two operations. Distinct tokens in a trie, padding included in `padded`.
    """
    positions = LAYOUTS[layout](rows).positions
    tokens, pairs = positions.numel(), int((positions + 1).sum())
    per_block = 3 * 2 * (shape.block + shape.adapter) * tokens + 4 * 4 * shape.heads * pairs
    return float(shape.last * per_block)


def needed(shape: Shape, workload: Workload, layout: str) -> float:
    """The fewest operations of a step. Only retained rows go above the last target, and only for the authors' loss."""
    above = max(states_read(workload.recipe, [shape.last], shape.blocks)) - shape.last
    rows, retained = ([row.ids for row in part] for part in (workload.rows, workload.split()[1]))
    return minimum(shape, rows, layout) + (minimum(replace(shape, last=above), retained, layout) if above else 0)


def naive(shape: Shape, rows: int, width: int, blocks: int) -> float:
    """Frozen, adapted, recomputed and backward; attention without causality; the head on both forwards."""
    tokens, pairs = rows * width, rows * width**2
    return float(blocks * (4 * 2 * shape.block * tokens + 5 * 4 * shape.heads * pairs) + 2 * 2 * shape.head * tokens)


def operations(name: str, workload: Workload, shape: Shape) -> float:
    """What the variant of that name carries out, about: for the estimate of the whole time."""
    if name == "reference":
        return naive(shape, len(workload.rows), 2 * HALF, shape.last + 1)
    if name == "predecessor":
        return naive(shape, len(workload.rows), WIDTH, shape.blocks)
    return needed(shape, workload, name.split("/")[0])


def rate(shape: Shape, tokens: int, kernels: Kernels, device: torch.device) -> float:
    """Operations per second of a block's own products on `tokens` rows: the median of a few trials."""
    tokens = min(tokens, MOST_TOKENS)
    pairs = [
        (torch.randn(tokens, columns, device=device), torch.randn(rows, columns, device=device))
        for rows, columns in shape.products
    ]
    pairs = [(states.to(kernels.dtype), weight.to(kernels.dtype)) for states, weight in pairs]
    seconds = []
    with torch.no_grad(), kernels.around():
        for _ in range(PROBES + 1):
            began = now()
            for states, weight in pairs:
                linear(states, weight)
            seconds.append(now() - began)
    return 2 * tokens * shape.block / statistics.median(seconds[1:])


def now() -> float:
    """The time at which all that was asked of the device is done."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()
    return time.perf_counter()
