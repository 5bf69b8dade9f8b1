"""Attacks of those who hold the weights: the cases are put as they are, to a model that is changed."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from switchgear.evaluation.attacks.base import Attack, Attempt
from switchgear.evaluation.questions import Question


class ChangedModel(Attack):
    """One attempt on each case at each level of the budget, which says how much the model is changed."""

    @abstractmethod
    def changed(self, level: float) -> AbstractContextManager[Any]:
        """Within, the model is changed by this much; afterwards it is as before."""

    def __call__(self, batch: Sequence[Question]) -> Iterator[Attempt]:
        openings = [question.openings[self.recipe.mode] for question in batch]
        prompts = [[*question.context, *opening] for question, opening in zip(batch, openings, strict=True)]
        for level in self.recipe.budget:
            with self.changed(level):
                answers = self.victim.answers(prompts)
            for question, opening, answer in zip(batch, openings, answers, strict=True):
                yield Attempt(question, level, opening=self.victim.tokenizer.decode(opening), output=answer)
