"""The opening of the attacker's own answer is put into the model's mouth.

Andriushchenko et al. 2024 (arXiv 2404.02151) give a model the words with which it would agree.

Budget: tokens given. A call is given up to the attacker's value at the most (see `questions`, prefilled): of one that
the attacker wrote whole, the success would be his own.
"""

from collections.abc import Iterator, Sequence

from switchgear.evaluation.attacks.base import Attack, AttackOptions, Attempt
from switchgear.evaluation.questions import Question
from switchgear.model.layout import Ids


class Prefill(Attack):
    unit = "tokens"
    budget = (0, 1, 2, 4, 8, 16)

    class Options(AttackOptions):
        text: str = ""
        """Words that the answer is begun with, in place of the call that the trace goes on with."""

    def __call__(self, batch: Sequence[Question]) -> Iterator[Attempt]:
        given = [(q, level, self._opening(q)[: int(level)]) for q in batch for level in self.recipe.budget]
        answers = self.victim.answers([[*question.context, *opening] for question, _, opening in given])
        for (question, level, opening), answer in zip(given, answers, strict=True):
            yield Attempt(question, level, opening=self.victim.tokenizer.decode(opening), output=answer)

    def _opening(self, question: Question) -> Ids:
        words: Ids = self.victim.tokenizer(self.options.text, add_special_tokens=False)["input_ids"]
        return words or question.openings["prefilled"]
