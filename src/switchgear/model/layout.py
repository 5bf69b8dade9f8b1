"""Where the tokens of several rows stand in one forward pass: padded, or as a trie in which no prefix is read twice.

Agent traces share their system prompt and tools, and twins (hijacked and resisted) share all but the continuation. In
a trie every distinct prefix stands once, and each token attends to the path above it: states and gradients are exactly
those of separate rows, for a fraction of the tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

import torch
from jaxtyping import Int
from torch import Tensor

from switchgear.model.causal_mask import causal_mask

Ids = list[int]
Span = tuple[int, int]


@dataclass(frozen=True)
class Node:
    """Tokens `start` to `end` of a trie, which follow the tokens of `above` (spans, from the root down)."""

    start: int
    end: int
    above: tuple[Span, ...]

    @property
    def path(self) -> int:
        """How many tokens are above."""
        return sum(end - start for start, end in self.above)


@dataclass(frozen=True)
class Layout:
    """`places[r][i]` is where token i of row r stands in `ids.flatten()`. A padded layout has no nodes."""

    ids: Int[Tensor, "row position"]
    positions: Int[Tensor, "row position"]
    places: list[list[int]]
    nodes: tuple[Node, ...] = ()

    @cached_property
    def masks(self) -> list[Tensor | None]:
        """Of each node, built once for all blocks and both models; see `causal_mask`."""
        return [causal_mask(node.end - node.start, node.path, self.ids.device) for node in self.nodes]

    def to(self, device: torch.device) -> "Layout":
        return Layout(self.ids.to(device), self.positions.to(device), self.places, self.nodes)


def padded(rows: Sequence[Ids], pad_id: int = 0) -> Layout:
    """Rows under each other, padded on the right to the longest: no real token sees the padding that follows it."""
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad_id] * (width - len(row))] for row in rows])
    places = [[number * width + index for index in range(len(row))] for number, row in enumerate(rows)]
    return Layout(ids, torch.arange(width).expand_as(ids), places)


def trie(rows: Sequence[Ids]) -> Layout:
    """All rows in one, every distinct prefix once, in depth-first order. Rows may be equal, or prefixes of others."""
    ids: list[int] = []
    positions: list[int] = []
    nodes: list[Node] = []
    places: list[list[int]] = [[] for _ in rows]

    def grow(members: list[int], depth: int, above: tuple[Span, ...]) -> None:
        end = depth + _shared([rows[member][depth:] for member in members])
        span = (len(ids), len(ids) + end - depth)
        ids.extend(rows[members[0]][depth:end])
        positions.extend(range(depth, end))
        for member in members:
            places[member].extend(range(*span))
        if end > depth:
            nodes.append(Node(*span, above))
            above = (*above, span)
        branches: dict[int, list[int]] = {}
        for member in members:
            if len(rows[member]) > end:
                branches.setdefault(rows[member][end], []).append(member)
        for branch in branches.values():
            grow(branch, end, above)

    grow(list(range(len(rows))), 0, ())
    return Layout(torch.tensor([ids]), torch.tensor([positions]), places, tuple(nodes))


def _shared(rows: Sequence[Ids]) -> int:
    """Length of the longest common prefix: that of the smallest and the largest row."""
    return common(min(rows), max(rows))


def common(one: Ids, other: Ids) -> int:
    """How many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
