"""Texts as the adapted model reads or writes them, token by token: in which tokens has the breaker tripped?

A token is tripped if the adapted model's state has left the frozen one's. That is what the breaker does, whoever wrote
the text and whatever it is about, and what a guard without the frozen model beside it has to tell.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from switchgear.deploy.guard import highest
from switchgear.model.generate import generate
from switchgear.model.hidden_states import both_states
from switchgear.model.layout import Ids, trie
from switchgear.model.masks import loss_mask
from switchgear.model.prefix_cache import prefill
from switchgear.model.render import render
from switchgear.recipe import Recipe
from switchgear.schema import Example

REPLAYED = "replayed"
"""The mode of a text that the model did not write: the continuation of an example."""
TURNED = 0.7
"""The cosine of a tripped token's adapted and frozen states is below this: an angle of 45 degrees."""


@dataclass(frozen=True)
class Prompt:
    """A context as token ids, the beginning of its answer included, and how it is put.

    `outcome` names what an answer, as token ids, does.
    """

    kind: str
    mode: str
    ids: tuple[int, ...]
    outcome: Callable[[Ids], str] = lambda _: ""


Put = Callable[[Example, Any, Recipe], Iterable[Prompt]]
"""How the model is made to write in the context of an example, given the tokenizer."""


@dataclass(frozen=True)
class Text:
    """Token ids, of which those at `tokens` are looked at; the others are what stands before them."""

    kind: str
    mode: str
    ids: Ids
    tokens: Sequence[int]


@dataclass(frozen=True)
class Seen:
    """The adapted states of a text's tokens, and their cosine to the frozen ones (mean over the states)."""

    kind: str
    mode: str
    states: Float[Tensor, "state token width"]
    cosine: Float[Tensor, " token"]

    @property
    def tripped(self) -> Bool[Tensor, " token"]:
        return self.cosine < TURNED

    def trips(self, window: int) -> bool:
        """Whether so many tokens on end are tripped, on the average."""
        return bool(len(self.cosine)) and -highest((-self.cosine).tolist(), window) < TURNED


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


def replayed(example: Example, tokenizer: Any, recipe: Recipe) -> Text:
    """The continuation of an example, as if the model had been made to write it."""
    rendered = render(example, tokenizer, recipe.render.max_tokens)
    mask = loss_mask("assistant", rendered, example)
    return Text(
        kind=str(example.trace or example.kind),
        mode=REPLAYED,
        ids=rendered.ids,
        tokens=[place for place, hit in enumerate(mask) if hit],
    )


def write(model: Any, tokenizer: Any, prompts: Sequence[Prompt], max_new_tokens: int) -> list[Text]:
    """What the adapted model answers, greedily; prompts that are alike are answered once."""
    asked = list(dict.fromkeys(prompt.ids for prompt in prompts))
    prefix = prefill(model, [list(ids) for ids in asked], max_new_tokens)
    answers = dict(zip(asked, generate(model, prefix, tokenizer, max_new_tokens), strict=True))
    return [written(prompt, answers[prompt.ids]) for prompt in prompts]


def written(prompt: Prompt, answer: Ids) -> Text:
    """An answer without its last token, which is not read while it is decoded."""
    start, end = len(prompt.ids), len(prompt.ids) + len(answer) - 1
    return Text(prompt.kind, prompt.mode, [*prompt.ids, *answer], range(start, end))


@torch.no_grad()
def see(model: Any, texts: Sequence[Text], states: Sequence[int]) -> list[Seen]:
    """Both models read the texts in one forward pass each; what they begin with in common is read once."""
    layout = trie([text.ids for text in texts]).to(model.device)
    tokens = [[places[token] for token in text.tokens] for text, places in zip(texts, layout.places, strict=True)]
    where = torch.tensor([place for each in tokens for place in each], dtype=torch.long, device=model.device)
    adapted, frozen = (each.cpu() for each in both_states(model, layout, states, where))
    cosine = cosine_similarity(adapted, frozen, dim=-1).mean(0)
    counts = [len(each) for each in tokens]
    parts = zip(texts, torch.split(adapted, counts, dim=1), torch.split(cosine, counts), strict=True)
    return [Seen(text.kind, text.mode, *part) for text, *part in parts]
