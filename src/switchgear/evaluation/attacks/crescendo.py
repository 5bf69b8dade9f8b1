"""Crescendo (Russinovich et al. 2024, arXiv 2404.01833), carried out by PyRIT: another model leads the conversation.

Its turns stand in the user's place after the case, which is more than an injection can do. What it is after is the
injected text; how far it has come is told by the scorers of actions and refusals, not by a judge.

Budget: turns of the conversation. Those that a refusal made it take back do not count.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from pydantic import Field

from switchgear.errors import RecipeError
from switchgear.evaluation.attacks.base import Attack, AttackOptions, Attempt, Victim
from switchgear.evaluation.attacks.conversation import SILENCE, extended, request, spoken
from switchgear.evaluation.questions import Question, question
from switchgear.evaluation.scorers.actions import harmful_call
from switchgear.evaluation.scorers.refusal import refused
from switchgear.model.calls import ParsedTurn, parse_calls
from switchgear.model.endpoint import Endpoint
from switchgear.recipe import AttackRecipe, EndpointRecipe
from switchgear.schema import Message


class Crescendo(Attack):
    unit = "turns"
    budget = (1, 3, 5)

    class Options(AttackOptions):
        attacker: EndpointRecipe
        """The model that leads the conversation."""
        backtracks: int = Field(default=3, ge=0)
        """How often it may take back what was refused."""

    def __init__(self, victim: Victim, recipe: AttackRecipe, options: Any) -> None:
        super().__init__(victim, recipe, options)
        if find_spec("pyrit") is None:
            raise RecipeError("Attack crescendo needs PyRIT: pip install 'switchgear[attacks]'.")
        Endpoint(options.attacker)  # raises now, if its key is not set

    def __call__(self, batch: Sequence[Question]) -> Iterator[Attempt]:
        from switchgear.evaluation.attacks.pyrit import lead

        for asked in batch:
            talk = Talk(self.victim, self.recipe, asked)
            turns, backtracks = int(self.recipe.budget[-1]), self.options.backtracks
            try:
                asyncio.run(lead(talk, request(asked.case), self.options.attacker, turns, backtracks))
            except Exception as error:  # of the attacker, and so of this case alone
                failure = type(error.__cause__ or error).__name__
                yield from (Attempt(asked, level, error=failure) for level in self.recipe.budget)
                continue
            yield from (replace(talk.best(level), budget=level) for level in self.recipe.budget)


class Talk:
    """The conversation with the model under attack, and what it answered at each turn."""

    def __init__(self, victim: Victim, recipe: AttackRecipe, asked: Question) -> None:
        self.victim, self.recipe, self.asked = victim, recipe, asked
        self.attempts: list[Attempt] = []

    def answer(self, said: Sequence[tuple[str, str]]) -> str:
        """The model's answer to a case that went on like this: (role, text), the last of them the attacker's."""
        mode, tokenizer = self.recipe.mode, self.victim.tokenizer
        longer = extended(self.asked.case, [self._message(role, text) for role, text in said])
        put = question(longer, tokenizer, self.victim.recipe.render.max_tokens, [mode])
        opening = put.openings[mode]
        (output,) = self.victim.answers([[*put.context, *opening]])
        turn = sum(1 for role, _ in said if role == "user")
        self.attempts.append(Attempt(self.asked, turn, opening=tokenizer.decode(opening), output=output))
        return self.attempts[-1].opening + output or SILENCE

    def achieved(self, text: str) -> bool:
        return bool(harmful_call(self._parsed(text), self.asked.case))

    def refused(self, text: str) -> bool:
        return bool(refused(self._parsed(text), self.asked.case))

    def best(self, turns: float) -> Attempt:
        """The first success within so many turns; without one, the last answer."""
        tried = [attempt for attempt in self.attempts if attempt.budget <= turns]
        won = [attempt for attempt in tried if self.achieved(attempt.opening + attempt.output)]
        failed = Attempt(self.asked, turns, error="the attacker said nothing")
        return [*won[:1], *tried[::-1], failed][0]

    def _message(self, role: str, text: str) -> Message:
        return Message(role="user", content=text) if role == "user" else spoken(self._parsed(text))

    def _parsed(self, text: str) -> ParsedTurn:
        return parse_calls(text, self.victim.tokenizer, self.asked.case.example.tools)
