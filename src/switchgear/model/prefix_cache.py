"""Contexts read into one key-value cache: what several of them begin with is computed once.

Contexts are read in the order of their token ids, one at a time: the cache of one is cropped to what the next begins
with, and extended by the rest. Every layer keeps all positions, sliding windows too (these are the mask's matter), so
that a cropped cache is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from switchgear.model.layout import Ids, common

States = Float[Tensor, "_row head _position _width"]


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers ships no types
    """Keys and values with room for those to come: a `DynamicLayer` copies all that it has for each new token.

    The whole is attended to, so that it stays contiguous; what is not yet written is hidden by the causal mask.
    """

    def __init__(self, keys: States, values: States, length: int) -> None:
        super().__init__()
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self.keys, self.values, self.length = keys, values, length

    def update(self, key_states: States, value_states: States, *args: Any, **options: Any) -> tuple[States, States]:
        new = key_states.shape[-2]
        self.keys.narrow(2, self.length, new).copy_(key_states)  # `narrow` raises where the room is not enough
        self.values.narrow(2, self.length, new).copy_(value_states)
        self.length += new
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return self.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.keys.shape[-2], 0

    def batch_select_indices(self, indices: Int[Tensor, " row"]) -> None:
        self.keys, self.values = self.keys[indices], self.values[indices]


@dataclass(frozen=True)
class Prefix:
    """Contexts, padded on the left, and per layer the keys and values of all but the last token of each.

    These have room behind them. Branches write there, over each other: one is done with before the next begins.
    """

    ids: Int[Tensor, "row position"]
    mask: Int[Tensor, "row position"]
    layers: list[tuple[States, States]]

    def branch(self) -> DynamicCache:
        """A cache to go on from. It shares the memory of the prefix, and what it writes leaves the prefix as it is."""
        cache = DynamicCache()
        cache.layers = [RoomyLayer(keys, values, self.ids.shape[1] - 1) for keys, values in self.layers]
        return cache

    def first(self, count: int) -> "Prefix":
        """The first rows, in the same memory."""
        return Prefix(
            self.ids[:count], self.mask[:count], [(keys[:count], values[:count]) for keys, values in self.layers]
        )

    def select(self, rows: Sequence[int], room: int) -> "Prefix":
        """A copy of some of the rows, in that order, with room for as many tokens."""
        index = torch.tensor(rows, device=self.ids.device)
        read = self.ids.shape[1] - 1
        layers = []
        for layer in self.layers:
            copies = [_empty(states, len(rows), read + room) for states in layer]
            for copy, states in zip(copies, layer, strict=True):
                copy[:, :, :read] = states[index, :, :read]
            layers.append((copies[0], copies[1]))
        return Prefix(self.ids[index], self.mask[index], layers)


@torch.inference_mode()
def prefill(model: nn.Module, contexts: Sequence[Ids], room: int) -> Prefix:
    """Reads contexts of at least 2 tokens each, and leaves room for `room` tokens to be fed after them."""
    device = next(model.parameters()).device
    width = max(map(len, contexts))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in contexts], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in contexts], device=device)
    layers: list[tuple[States, States]] = []
    cache, held = DynamicCache(), Ids()
    for row in sorted(range(len(contexts)), key=lambda row: contexts[row]):
        wanted = contexts[row][:-1]
        cache.crop(common(held, wanted) - len(held))
        _extend(model, cache, wanted, device)
        held = wanted
        layers = layers or [
            (_empty(layer.keys, len(contexts), width - 1 + room), _empty(layer.values, len(contexts), width - 1 + room))
            for layer in cache.layers
        ]
        for layer, (keys, values) in zip(cache.layers, layers, strict=True):
            keys[row, :, width - 1 - len(wanted) : width - 1] = layer.keys[0]
            values[row, :, width - 1 - len(wanted) : width - 1] = layer.values[0]
    return Prefix(ids, mask, layers)


def _extend(model: nn.Module, cache: DynamicCache, wanted: Ids, device: torch.device) -> None:
    """Feeds what the cache lacks of `wanted`. The vocabulary's logits are not wanted, but are asked of one position."""
    rest = torch.tensor([wanted[cache.get_seq_length() :]], device=device)
    if rest.numel():
        last = torch.tensor([-1], device=device)  # see `generate`
        model(input_ids=rest, past_key_values=cache, use_cache=True, logits_to_keep=last)


def _empty(states: States, rows: int, positions: int) -> States:
    """Zeros, since what is hidden is multiplied by 0, which not every number survives."""
    return states.new_zeros(rows, states.shape[1], positions, states.shape[3])
