"""From rendered examples to padded batches with masks, drawn reproducibly and addressable by number."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.data import Dataset

from switchgear.model.masks import loss_mask
from switchgear.model.render import Rendered
from switchgear.recipe import BatchRecipe
from switchgear.schema import Example, Role, Trace


@dataclass(frozen=True)
class Row:
    """Token ids of one conversation, which of them are rerouted, and how much each weighs in the retain loss."""

    ids: list[int]
    reroute: list[bool]
    retain: list[float]


@dataclass(frozen=True)
class PaddedBatch:
    """Rows padded on the right to the longest."""

    ids: Int[Tensor, "row position"]
    reroute: Bool[Tensor, "row position"]
    retain: Float[Tensor, "row position"]


def kind_of(example: Example) -> str:
    """The field of `BatchRecipe` that counts this example: harmful, refusal, resisted, or clean (any other benign)."""
    if example.role is Role.BENIGN:
        return "resisted" if example.trace is Trace.RESISTED else "clean"
    return example.role.value


def row(example: Example, rendered: Rendered, mask: str) -> Row:
    """Harmful: the masked spans of the continuation are rerouted, and what stands before them is retained.

    Benign and refusal: everything is retained. A continuation weighs as much as its whole context: it is a few
    percent of the tokens, and it is what must not change.
    """
    continuation = loss_mask("assistant", rendered, example)
    if example.role is not Role.HARMFUL:
        weights = [a + b for a, b in zip(_shares(continuation), _shares([not c for c in continuation]), strict=True)]
        return Row(rendered.ids, [False] * len(rendered.ids), weights)
    reroute = loss_mask(mask, rendered, example)
    first = reroute.index(True) if True in reroute else len(reroute)
    return Row(rendered.ids, reroute, _shares([index < first for index in range(len(reroute))]))


def _shares(chosen: Sequence[bool]) -> list[float]:
    """Equal weights of the chosen tokens that sum to 1."""
    count = sum(chosen)
    return [1 / count if part else 0.0 for part in chosen]


class Draws(Dataset[list[Row]]):
    """Item i is the i-th micro-batch of the run: the same for the same seed, whatever was drawn before.

    Each kind is dealt like a deck of cards: no example comes again before all others of its kind have come.
    """

    def __init__(self, pools: Mapping[str, Sequence[Row]], batch: BatchRecipe, length: int, seed: int) -> None:
        self.pools, self.length, self.seed = pools, length, seed
        self.counts = {kind: count for kind, count in batch.model_dump().items() if count}

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> list[Row]:
        return [
            self._dealt(kind, index * count + offset) for kind, count in self.counts.items() for offset in range(count)
        ]

    def _dealt(self, kind: str, position: int) -> Row:
        pool = self.pools[kind]
        deal, card = divmod(position, len(pool))
        order = random.Random(f"{self.seed}/{kind}/{deal}").sample(range(len(pool)), len(pool))
        return pool[order[card]]


def pad(rows: Iterable[Row], pad_id: int) -> PaddedBatch:
    """One batch of the rows, padded on the right with `pad_id`, which has no weight in either loss."""
    rows = list(rows)
    width = max(len(row.ids) for row in rows)

    def stack(values: Callable[[Row], Sequence[float]], fill: int, dtype: torch.dtype) -> Tensor:
        return torch.tensor([[*values(row), *[fill] * (width - len(row.ids))] for row in rows], dtype=dtype)

    return PaddedBatch(
        stack(lambda row: row.ids, pad_id, torch.long),
        stack(lambda row: row.reroute, False, torch.bool),
        stack(lambda row: row.retain, 0, torch.float32),
    )
