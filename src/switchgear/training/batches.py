"""From rendered examples to rows of weighted tokens, drawn reproducibly and addressable by number."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from switchgear.errors import DataError
from switchgear.model.layout import Layout, common
from switchgear.model.masks import loss_mask, loss_weights
from switchgear.model.render import Rendered
from switchgear.recipe import BatchRecipe, TrainRecipe
from switchgear.schema import Example, Role

EVERYTHING = "everything"
"""The mask of the authors: request and response. It is no mask of a continuation, so the others do not list it."""


@dataclass(frozen=True)
class Reminded:
    """The same conversation under a safety reminder. Token i of the row is token `i + offset` of `ids`."""

    ids: list[int]
    offset: int


@dataclass(frozen=True)
class Row:
    """Token ids of one conversation, and how much each token weighs in the reroute and in the retain loss.

    `origin` is the row of the source that it was made from: twins (hijacked and resisted) have one. `answers` weighs
    the tokens that predict a benign continuation, and is empty where no loss looks at predictions.
    """

    ids: list[int]
    reroute: list[float]
    retain: list[float]
    origin: str = ""
    answers: list[float] = field(default_factory=list)
    reminded: Reminded | None = None


def rerouted(example: Example, rendered: Rendered, recipe: TrainRecipe) -> list[float]:
    """What each token of a harmful row weighs in the reroute loss. Raises `RecipeError` for an unknown mask."""
    if recipe.mask == EVERYTHING:
        return [1.0] * len(rendered.ids)
    return loss_weights(recipe.mask, rendered, example)


def row(example: Example, rendered: Rendered, recipe: TrainRecipe) -> Row:
    """Harmful: the masked spans of the continuation are rerouted, and what stands before them is retained.

    Benign and refusal: everything is retained. A continuation weighs as much as its whole context: it is a few
    percent of the tokens, and it is what must not change. (In the authors' reduction every token of a benign row weighs
    1, and harmful rows have no part in it.) What follows the last token with a weight is left out.
    """
    continuation = loss_mask("assistant", rendered, example)
    if example.role is Role.HARMFUL:
        reroute = rerouted(example, rendered, recipe)
        first = _first(reroute)
        retain = _shares([index < first for index in range(len(reroute))])
    else:
        reroute = [0.0] * len(rendered.ids)
        retain = [a + b for a, b in zip(_shares(continuation), _shares([not c for c in continuation]), strict=True)]
    answers = [float(follows) for follows in (*continuation[1:], False)] if recipe.kl and not any(reroute) else []
    if recipe.retain == "reference":
        retain = [float(example.role is not Role.HARMFUL)] * len(reroute)
    end = max((index + 1 for index, pair in enumerate(zip(reroute, retain, strict=True)) if any(pair)), default=0)
    return Row(rendered.ids[:end], reroute[:end], retain[:end], example.provenance.row, answers[:end])


def remind(plain: Row, reminded: Row) -> Row:
    """`plain`, which from its first rerouted token on is read under the reminder as the end of `reminded`.

    Raises:
        DataError: the two do not end alike, so that no token under the reminder is the same token.
    """
    first, offset = _first(plain.reroute), _first(reminded.reroute) - _first(plain.reroute)
    if plain.ids[first:] != reminded.ids[first + offset :][: len(plain.ids) - first]:
        raise DataError(
            "A harmful continuation has other tokens under the reminder, so `refusal_target` cannot compare them. "
            "Its template depends on the system message: choose another objective."
        )
    return replace(plain, reminded=Reminded(reminded.ids, offset))


def uncontested(harmful: Sequence[Row], retained: Sequence[Row]) -> list[Row]:
    """The harmful rows, rerouted only where they differ from every retained row.

    Up to there they share each state with one: it cannot be moved and kept at once, so it is kept. In sorted order the
    rows that share most with a row are its neighbours.
    """
    kept = {id(row) for row in retained}
    ordered = sorted([*harmful, *retained], key=lambda row: row.ids)
    shared: dict[int, int] = {}
    for direction in (ordered, ordered[::-1]):
        depth = 0  # shared with the last retained row in this direction
        for before, row in pairwise(direction):
            both = common(before.ids, row.ids)
            depth = both if id(before) in kept else min(depth, both)
            shared[id(row)] = max(shared.get(id(row), 0), depth)
    return [replace(row, reroute=_from(row.reroute, shared.get(id(row), 0))) for row in harmful]


def _first(weights: Sequence[float]) -> int:
    """The first token with a weight; past the end if there is none."""
    return next((index for index, weight in enumerate(weights) if weight), len(weights))


def _from(weights: Sequence[float], start: int) -> list[float]:
    return [0.0] * min(start, len(weights)) + list(weights[start:])


def _shares(chosen: Sequence[bool]) -> list[float]:
    """Equal weights of the chosen tokens that sum to 1."""
    count = sum(chosen)
    return [1 / count if part else 0.0 for part in chosen]


class Draws(Dataset[list[Row]]):
    """Item i is the i-th micro-batch of the run: the same for the same seed, whatever was drawn before.

    Each kind is dealt like a deck of cards: no example comes again before all others of its kind have come. Resisted
    and clean rows are the twins of the harmful ones beside them, as far as these have any: with nearly all alike, they
    teach the difference, and what they share is read once.
    """

    def __init__(self, pools: Mapping[str, Sequence[Row]], batch: BatchRecipe, length: int, seed: int) -> None:
        self.pools, self.length, self.seed = pools, length, seed
        self.counts = {kind: count for kind, count in batch.model_dump().items() if count}
        self.twins = {
            kind: {row.origin: row for row in pools.get(kind, ()) if row.origin} for kind in ("resisted", "clean")
        }

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> list[Row]:
        dealt = {
            kind: [self._dealt(kind, index * count + offset) for offset in range(count)]
            for kind, count in self.counts.items()
        }
        for kind, known in self.twins.items():
            if kind in dealt:
                twins = [known[row.origin] for row in dealt["harmful"] if row.origin in known]
                dealt[kind] = [*twins, *dealt[kind]][: self.counts[kind]]
        return [row for rows in dealt.values() for row in rows]

    def _dealt(self, kind: str, position: int) -> Row:
        pool = self.pools[kind]
        deal, card = divmod(position, len(pool))
        order = random.Random(f"{self.seed}/{kind}/{deal}").sample(range(len(pool)), len(pool))
        return pool[order[card]]


def weigh(weights: Sequence[Sequence[float]], layout: Layout) -> Float[Tensor, "row token"]:
    """What each token of the layout weighs in each row, given the weights of the row's own tokens (none: 0)."""
    table = torch.zeros(len(weights), layout.ids.numel())
    for number, (row, places) in enumerate(zip(weights, layout.places, strict=True)):
        table[number, places[: len(row)]] = torch.tensor(row)
    return table
