"""Greedy coordinate gradient: words behind the injected text, searched so that the attacker's call becomes likely.

Zou et al. 2023 (arXiv 2307.15043, algorithm 1), for one case at a time. A step costs one gradient and the losses of
`width` candidates, for which the context is not read again. A candidate is kept only if it is better than what was
there. What counts is not its loss: the case is read anew with the suffix in its text, and answered.

Budget: steps. At 0 there is no suffix.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor

from switchgear.evaluation.attacks.base import Attack, AttackOptions, Attempt, Victim
from switchgear.evaluation.attacks.site import NOWHERE, Site
from switchgear.evaluation.attacks.suffix import room, spelled, with_suffix
from switchgear.evaluation.questions import Question, question
from switchgear.model.layout import Ids
from switchgear.model.soft_tokens import SoftRow, SoftTokens
from switchgear.recipe import AttackRecipe


class Gcg(Attack):
    unit = "steps"
    budget = (0, 10, 50)

    class Options(AttackOptions):
        words: PositiveInt = 20
        """Length of the suffix."""
        width: PositiveInt = 64
        """Candidates of a step. The authors: 512."""
        top: PositiveInt = 128
        """Words that are tried in a place: those that the gradient likes best. The authors: 256."""
        target: PositiveInt = 32
        """Tokens of the attacker's turn that are made likely."""
        together: PositiveInt = 16
        """Candidates in one forward pass."""

    def __init__(self, victim: Victim, recipe: AttackRecipe, options: Any) -> None:
        super().__init__(victim, recipe, options)
        self.allowed = plain_words(victim.tokenizer, len(victim.model.get_input_embeddings().weight))
        self.max_tokens = victim.recipe.render.max_tokens

    def __call__(self, batch: Sequence[Question]) -> Iterator[Attempt]:
        levels, options = self.recipe.budget, self.options
        for asked in batch:
            place = room(
                asked.case, options.words, self.recipe.mode, self.victim.tokenizer, self.max_tokens, options.target
            )
            if place is None:
                yield from (Attempt(asked, level, error=NOWHERE) for level in levels)
                continue
            for step, (text, loss) in enumerate(islice(self.suffixes(place), int(levels[-1]) + 1)):
                yield from (self._attempt(asked, level, text, loss) for level in levels if int(level) == step)

    def suffixes(self, place: Site) -> Iterator[tuple[str, float | None]]:
        """The best known suffix and its loss after 0, 1, 2 ... steps; at first there is none."""
        tokenizer, generator = self.victim.tokenizer, torch.Generator().manual_seed(self.victim.seed)
        search = Search(self.victim.model, place, self.options.together)
        best, text, lowest = place.injected, "", None
        while True:
            yield text, lowest
            tried = candidates(search.gradient(best), best, self.allowed, self.options, generator)
            read = [(each, written) for each in tried if (written := spelled(place, each, tokenizer)) is not None]
            for (each, written), loss in zip(read, search.losses([each for each, _ in read]), strict=True):
                if lowest is None or loss < lowest:
                    best, text, lowest = each, written, loss

    def _attempt(self, asked: Question, level: float, text: str, loss: float | None) -> Attempt:
        mode, tokenizer = self.recipe.mode, self.victim.tokenizer
        put = question(with_suffix(asked.case, text), tokenizer, self.max_tokens, [mode]) if text else asked
        (answer,) = self.victim.answers([[*put.context, *put.openings[mode]]])
        return Attempt(asked, level, opening=tokenizer.decode(put.openings[mode]), output=answer, nll=loss)


class Search:
    """Losses and gradients of suffixes in one place, whose context is read once."""

    def __init__(self, model: Any, place: Site, together: int) -> None:
        start, end = len(place.before), len(place.before) + len(place.injected)
        row = SoftRow([*place.before, *place.injected, *place.after], start, end, place.target)
        self.embedding, self.together = model.get_input_embeddings(), together
        self.one, self.several = (SoftTokens(model, [row] * count, room=0) for count in (1, together))

    @torch.no_grad()
    def losses(self, suffixes: Sequence[Ids]) -> list[float]:
        """Nats per token of the target."""
        found: list[float] = []
        for start in range(0, len(suffixes), self.together):
            part = list(suffixes[start : start + self.together])
            whole = part + part[:1] * (self.together - len(part))
            found += self.several.losses(self._vectors(whole))[: len(part)].tolist()
        return found

    def gradient(self, suffix: Ids) -> Tensor:
        """(place, word) By how much the loss would rise, to first order, for each word in each place.

        With respect to one-hot tokens, but for a constant where a model scales its embeddings.
        """
        _, gradient = self.one.gradient(self._vectors([suffix]))
        rise: Tensor = gradient[0] @ self.embedding.weight.float().T
        return rise.cpu()

    @torch.no_grad()
    def _vectors(self, suffixes: Sequence[Ids]) -> Tensor:
        vectors: Tensor = self.embedding(torch.tensor(suffixes, device=self.one.device))
        return vectors.float()


def candidates(gradient: Tensor, suffix: Ids, allowed: Tensor, options: Any, generator: torch.Generator) -> list[Ids]:
    """At most `options.width` suffixes, each with one token replaced by one of the `options.top` words that the
    gradient (place, word) likes best there, of those that are `allowed` (bool). Places and words are drawn evenly."""
    likely = (-gradient).masked_fill(~allowed, -torch.inf).topk(min(options.top, int(allowed.sum()))).indices
    places = torch.randint(len(suffix), (options.width,), generator=generator)
    ranks = torch.randint(likely.shape[1], (options.width,), generator=generator)
    changes = dict.fromkeys(zip(places.tolist(), likely[places, ranks].tolist(), strict=True))
    return [[*suffix[:place], word, *suffix[place + 1 :]] for place, word in changes]


def plain_words(tokenizer: Any, size: int) -> Tensor:
    """Which of the model's `size` tokens may stand in a suffix: printable ASCII text that controls nothing."""
    known = min(size, len(tokenizer))
    texts = tokenizer.batch_decode([[token] for token in range(known)], clean_up_tokenization_spaces=False)
    special = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
    plain = [bool(t.strip()) and t.isascii() and t.isprintable() and i not in special for i, t in enumerate(texts)]
    return torch.tensor(plain + [False] * (size - known))
