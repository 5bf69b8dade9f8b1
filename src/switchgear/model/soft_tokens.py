"""Rows in which some tokens are free vectors: how unlikely they make a target, and a cache to answer them from.

Each row is read once up to where its free vectors begin, so that a step costs only what follows. All rows go on from
equally many tokens before their targets, so that no padding stands inside a row; only one too short for that has some.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from switchgear.model.layout import Ids
from switchgear.model.prefix_cache import Prefix, prefill

IGNORED = -100
"""What `cross_entropy` leaves out."""


@dataclass(frozen=True)
class SoftRow:
    """Tokens `start` to `end` of `prompt` are free, the last one of `prompt` is not; `target` is to follow it."""

    prompt: Ids
    start: int
    end: int
    target: Ids


class SoftTokens:
    """`room` is for the answers. Vectors come in one tensor, those of a row padded on the right: `given` tells them
    from the padding, and `free` where they go among the tokens that are read anew."""

    given: Bool[Tensor, "row token"]
    free: Bool[Tensor, "row new"]

    def __init__(self, model: Any, rows: Sequence[SoftRow], room: int) -> None:
        self.model, self.rows = model, rows
        self.device = next(model.parameters()).device
        self.new = max(len(row.prompt) - row.start for row in rows) + 1
        held = [row.prompt[: max(len(row.prompt) - self.new + 1, 2)] for row in rows]
        self.read = prefill(model, held, self.new + room)
        fresh = [row.prompt[len(context) - 1 :] for row, context in zip(rows, held, strict=True)]
        self.ids = self._tensor([[0] * (self.new - len(ids)) + ids for ids in fresh])
        self.mask = self._tensor([[0] * (self.new - len(ids)) + [1] * len(ids) for ids in fresh])
        self.given = self._stacked([torch.ones(row.end - row.start) for row in rows]).bool()
        self.free = torch.zeros_like(self.ids, dtype=torch.bool)
        for place, row in enumerate(rows):
            shift = self.new - len(row.prompt)
            self.free[place, row.start + shift : row.end + shift] = True

    def initial(self) -> Float[Tensor, "row token width"]:
        """The embeddings of the tokens that stand there, in float32, and zeros."""
        ids = [torch.tensor(row.prompt[row.start : row.end], device=self.device) for row in self.rows]
        return self._stacked([self.model.get_input_embeddings()(each).detach().float() for each in ids])

    def noise(self, seeds: Sequence[int]) -> Float[Tensor, "row token width"]:
        """Standard normal, from a seed for each row, and zeros."""
        width = self.model.get_input_embeddings().weight.shape[1]
        drawn = [
            torch.randn(row.end - row.start, width, generator=torch.Generator().manual_seed(seed))
            for row, seed in zip(self.rows, seeds, strict=True)
        ]
        return self._stacked(drawn)

    def root_mean_square(self, vectors: Float[Tensor, "row token width"]) -> Float[Tensor, "row 1 1"]:
        """Of the numbers of each row."""
        counts = self.given.sum(dim=1)[:, None, None] * vectors.shape[-1]
        return (vectors.square().sum(dim=(1, 2), keepdim=True) / counts).sqrt()

    def gradient(
        self, vectors: Float[Tensor, "row token width"]
    ) -> tuple[Float[Tensor, " row"], Float[Tensor, "row token width"]]:
        """The losses, and the gradient of each with respect to its own row."""
        leaves = vectors.detach().requires_grad_()
        with torch.enable_grad():
            losses = self.losses(leaves)
        (gradient,) = torch.autograd.grad(losses.sum(), leaves)
        return losses.detach(), gradient

    def losses(self, vectors: Float[Tensor, "row token width"]) -> Float[Tensor, " row"]:
        """Nats per token of each target, teacher-forced; differentiable in the vectors."""
        longest = max(len(row.target) for row in self.rows)
        targets = self._tensor([row.target + [IGNORED] * (longest - len(row.target)) for row in self.rows])
        fed = targets[:, :-1].clamp(min=0)
        inputs = torch.cat([self._inputs(vectors), self.model.get_input_embeddings()(fed)], dim=1)
        mask = torch.cat([self._whole_mask, torch.ones_like(fed)], dim=1)
        logits = self._forward(inputs, mask, self._cache(), logits_to_keep=longest).float()
        losses = cross_entropy(logits.transpose(1, 2), targets, reduction="none", ignore_index=IGNORED)
        return losses.sum(dim=1) / (targets != IGNORED).sum(dim=1)

    @torch.inference_mode()
    def prefix(self, vectors: Float[Tensor, "row token width"]) -> Prefix:
        """The rows with these vectors, to be answered before the next are read: they share their memory."""
        inputs = self._inputs(vectors)[:, :-1]
        self._forward(inputs, self._whole_mask[:, :-1], self.read.branch(), logits_to_keep=1)
        return Prefix(torch.cat([self.read.ids[:, :-1], self.ids], dim=1), self._whole_mask, self.read.layers)

    def _inputs(self, vectors: Float[Tensor, "row token width"]) -> Float[Tensor, "row new width"]:
        embedded: Tensor = self.model.get_input_embeddings()(self.ids)
        return embedded.masked_scatter(self.free[:, :, None], vectors[self.given].to(embedded.dtype))

    def _forward(self, inputs: Tensor, mask: Tensor, cache: DynamicCache, logits_to_keep: int) -> Tensor:
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
        logits: Tensor = self.model(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=logits_to_keep,
        ).logits
        return logits

    @property
    def _whole_mask(self) -> Tensor:
        return torch.cat([self.read.mask[:, :-1], self.mask], dim=1)

    @cached_property
    def _held(self) -> list[tuple[Tensor, Tensor]]:
        """What was read, copied: autograd takes nothing that was computed in inference mode."""
        length = self.read.ids.shape[1] - 1
        return [(keys[:, :, :length].clone(), values[:, :, :length].clone()) for keys, values in self.read.layers]

    def _cache(self) -> DynamicCache:
        cache = DynamicCache()
        for index, (keys, values) in enumerate(self._held):
            cache.update(keys, values, index)
        return cache

    def _tensor(self, rows: list[Ids]) -> Tensor:
        return torch.tensor(rows, device=self.device)

    def _stacked(self, rows: list[Tensor]) -> Tensor:
        return pad_sequence(rows, batch_first=True).to(self.device)
