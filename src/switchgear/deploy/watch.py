"""Watching one generation, token by token, and stopping each answer in which the breaker trips."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from switchgear.deploy.guard import Guard
from switchgear.deploy.trips import REFUSAL, Trip, comes_apart
from switchgear.model.generate import ends
from switchgear.model.layout import Ids
from switchgear.model.newest_states import Newest, newest_states

EVERY = 8
"""Tokens between two looks at the text: it comes apart over many."""
TAIL = 256
"""Tokens at the end that are looked at: more than the characters that coherence is measured on."""


@contextmanager
def watching(guard: Guard, model: Any, tokenizer: Any) -> Iterator["Watch"]:
    """A watch over one generation of `model`, adapted: a stopping criterion for `model.generate`, and for our own.

        with watching(guard, model, tokenizer) as watch:
            ids = model.generate(**inputs, stopping_criteria=[watch])
        answer = watch.answer(0, tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :]))

    Sampling and greedy search, with a key-value cache; not beams, whose rows change places.
    """
    with newest_states(model, guard.settings.states) as newest:
        yield Watch(guard, newest, tokenizer, frozenset(ends(model, tokenizer)))


class Watch:
    """Of a batch of answers: `trips` holds those that were stopped, by their row."""

    def __init__(self, guard: Guard, newest: Newest, tokenizer: Any, ends: frozenset[int]) -> None:
        self.guard, self.newest, self.tokenizer, self.ends = guard, newest, tokenizer, ends
        self.trips: dict[int, Trip] = {}
        self._log_odds: dict[int, list[float]] = defaultdict(list)
        self._prompt: int | None = None

    def __call__(
        self, input_ids: Int[Tensor, "row position"], scores: object = None, **_: object
    ) -> Bool[Tensor, " row"]:
        """As a stopping criterion of transformers: the rows that are over."""
        if self._prompt is None:
            self._prompt = input_ids.shape[1] - 1
        written = input_ids[:, self._prompt :].tolist()
        return torch.tensor(self.stops(range(len(written)), written), device=input_ids.device)

    def stops(self, rows: Sequence[int], written: Sequence[Ids]) -> list[bool]:
        """Which rows of the batch are stopped, given what each has written: called after every token.

        The newest token has not been read yet: the states are of the one before it, or of the prompt's last.
        """
        for row, ids, log_odds in zip(rows, written, self.guard.probe(self.newest()).tolist(), strict=True):
            if row in self.trips or not self.ends.isdisjoint(ids):
                continue
            if len(ids) > 1:
                self._log_odds[row].append(log_odds)
            if self.guard.over(self._log_odds[row]):
                self.trips[row] = Trip(reason="probe", written=len(ids))
            elif len(ids) % EVERY == 0 and comes_apart(self._text(ids)):
                self.trips[row] = Trip(reason="incoherent", written=len(ids))
        return [row in self.trips for row in rows]

    def answer(self, row: int, text: str, instead: str = REFUSAL) -> str:
        """What to act on in the place of `text`, the decoded answer: if it was stopped, a turn that calls no tool."""
        return instead if row in self.trips else text

    def _text(self, ids: Ids) -> str:
        return str(self.tokenizer.decode(ids[-TAIL:], skip_special_tokens=True))
