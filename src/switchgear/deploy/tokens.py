"""The tokens of continuations as the adapted model reads them: what a probe learns from and is held to."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from switchgear.model.hidden_states import hidden_states
from switchgear.model.layout import trie
from switchgear.model.masks import MASKS, loss_mask, loss_weights
from switchgear.model.render import Rendered, render
from switchgear.recipe import Recipe
from switchgear.schema import Example, Role


@dataclass(frozen=True)
class Continuation:
    """The states of one continuation's tokens: of a harmful one, those that training rerouted."""

    kind: str
    states: Float[Tensor, "state token width"]

    @property
    def harmful(self) -> bool:
        return self.kind == Role.HARMFUL


def families(examples: Iterable[Example], limit: int, seed: int) -> list[list[Example]]:
    """At most `limit` examples, drawn at random, those of one row of the source together: they share their context."""
    by_row: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.continuation:
            by_row[example.provenance.row].append(example)
    chosen: list[list[Example]] = []
    for family in random.Random(seed).sample(list(by_row.values()), len(by_row)):
        if sum(map(len, chosen)) + len(family) > limit:
            break
        chosen.append(family)
    return chosen


@torch.no_grad()
def read(
    model: Any, tokenizer: Any, family: Sequence[Example], recipe: Recipe, states: Sequence[int]
) -> Iterator[Continuation]:
    """The continuations of a family, in one forward pass. One without a token of its own is left out.

    A harmful token up to which a benign example says the same has the same states: it is no sign of harm.
    """
    rendered = [render(example, tokenizer, recipe.render.max_tokens) for example in family]
    layout = trie([each.ids for each in rendered])
    rows = list(zip(family, rendered, layout.places, strict=True))
    shared = {place for example, _, places in rows if example.role is not Role.HARMFUL for place in places}
    chosen = [
        [
            place
            for place, hit in zip(places, _mask(recipe, example, each), strict=True)
            if hit and place not in excluded
        ]
        for example, each, places in rows
        for excluded in [shared if example.role is Role.HARMFUL else set()]
    ]
    tokens = torch.tensor([place for places in chosen for place in places], device=model.device)
    found = hidden_states(model, layout.to(model.device), states, tokens).cpu()
    for example, part in zip(family, torch.split(found, [len(places) for places in chosen], dim=1), strict=True):
        if part.shape[1]:
            yield Continuation(example.kind, part)


def _mask(recipe: Recipe, example: Example, rendered: Rendered) -> list[bool]:
    """What training rerouted in a harmful continuation (of its masks, the one of requests too has no meaning here)."""
    policy = recipe.train.mask
    if example.role is not Role.HARMFUL or (isinstance(policy, str) and policy not in MASKS):
        return loss_mask("assistant", rendered, example)
    return [weight > 0 for weight in loss_weights(policy, rendered, example)]
