"""What an attack is: it gets the model under attack and held-out hijacked cases, and yields what the model then says.

To add one: a subclass of `Attack` in a file of this folder, one line in `ATTACKS`, one test, one section in
`docs/attacks.md`. Cases are drawn, answers scored, failures counted and lines written around it (`run`, `campaign`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from switchgear.evaluation.questions import Question
from switchgear.evaluation.rows import Model
from switchgear.model.generate import generate
from switchgear.model.layout import Ids
from switchgear.model.prefix_cache import Prefix, prefill
from switchgear.recipe import AttackRecipe, Recipe


class AttackOptions(BaseModel):
    """Base of what one attack alone understands: `options` of its section in a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True)
class Victim:
    """The model under attack. Around an attack the adapter is on or off as `name` says: `model` is used as it is."""

    name: Model
    model: Any  # PeftModel
    tokenizer: Any
    recipe: Recipe

    @property
    def seed(self) -> int:
        return self.recipe.seed

    @property
    def max_new_tokens(self) -> int:
        return self.recipe.evaluate.max_new_tokens

    def state(self) -> AbstractContextManager[Any]:
        """Within, the model is what `name` says."""
        return self.model.disable_adapter() if self.name == "frozen" else nullcontext()

    def answers(self, prompts: Sequence[Ids]) -> list[str]:
        """Greedy answers to rows of tokens, special tokens included. Equal rows are answered once."""
        asked = list(dict.fromkeys(map(tuple, prompts)))
        written = self.continued(prefill(self.model, [list(row) for row in asked], self.max_new_tokens))
        found = dict(zip(asked, written, strict=True))
        return [found[tuple(row)] for row in prompts]

    def continued(self, prefix: Prefix) -> list[str]:
        """Greedy answers to contexts that were read already."""
        generated = generate(self.model, prefix, self.tokenizer, self.max_new_tokens)
        return list(self.tokenizer.batch_decode(generated, skip_special_tokens=False))


@dataclass(frozen=True)
class Attempt:
    """One answer under attack.

    Attributes:
        question: the case that it counts for.
        budget: what the attacker spent on it, in the attack's unit.
        index: which of several tries with the same budget (restarts, wordings), counted from 0.
        opening: how the attacker began the answer; it is scored together with `output`.
        output: what the model wrote, special tokens included.
        nll: nats per token of the attacker's own answer at that moment, where the attack knows it.
        label: which variant this try was (a family, a strategy), for reading.
        error: the kind of failure, if there is no answer: counted beside the rate, never in it. Never text of a case.
    """

    question: Question
    budget: float
    index: int = 0
    opening: str = ""
    output: str = ""
    nll: float | None = None
    label: str = ""
    error: str | None = None


class Attack(ABC):
    """Made once for each model (what all cases need is done then), and called with one batch of cases at a time.

    `unit` is what its budget counts, `budget` its levels where the recipe gives none, `Options` what it alone
    understands. A call yields, for each question, the same number of attempts at each level of `recipe.budget`; none at
    all where the attack makes no sense for the model. Answers are begun as `recipe.mode` says, with
    `question.openings[recipe.mode]`. The same seed gives the same attempts. An attack that changes the model puts it
    back. Whatever it raises becomes an error of every case of the batch.
    """

    unit: ClassVar[str]
    budget: ClassVar[tuple[float, ...]]
    Options: ClassVar[type[AttackOptions]] = AttackOptions

    def __init__(self, victim: Victim, recipe: AttackRecipe, options: Any) -> None:
        """`recipe` has its budget filled in; `options` are an `Options` of this class."""
        self.victim, self.recipe, self.options = victim, recipe, options

    @abstractmethod
    def __call__(self, batch: Sequence[Question]) -> Iterator[Attempt]:
        """All attempts on these cases."""
