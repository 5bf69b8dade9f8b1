"""What PyRIT needs to lead a conversation with a model in memory: a target, two scorers, and a place for its notes."""

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pyrit.executor.attack import AttackAdversarialConfig, AttackScoringConfig, CrescendoAttack
from pyrit.models import Score, construct_response_from_request
from pyrit.prompt_target import OpenAIChatTarget, PromptTarget, TargetCapabilities, TargetConfiguration
from pyrit.score import MessageTrueFalseScorer, ScorerPromptValidator
from pyrit.setup import initialize_pyrit_async

from switchgear.recipe import EndpointRecipe

logging.getLogger("pyrit").setLevel(logging.CRITICAL)  # what it reports quotes what was said

NO_KEY = "none"
"""What a server that asks for no key is given: the client insists on one."""


class Conversation(Protocol):
    """The model under attack, as an attacker sees it."""

    def answer(self, said: Sequence[tuple[str, str]]) -> str: ...

    def achieved(self, text: str) -> bool: ...

    def refused(self, text: str) -> bool: ...


async def lead(talk: Conversation, objective: str, attacker: EndpointRecipe, turns: int, backtracks: int) -> None:
    """Has the attacker lead `talk` towards `objective`, for at most so many turns.

    What PyRIT remembers is in memory alone, and gone with the process.
    """
    await initialize_pyrit_async("InMemory", load_defaults=False, env_files=[], silent=True)
    attack = CrescendoAttack(
        objective_target=Agent(answer=talk.answer),
        attack_adversarial_config=AttackAdversarialConfig(target=_chat(attacker)),
        attack_scoring_config=AttackScoringConfig(
            objective_scorer=Told(holds=talk.achieved), refusal_scorer=Told(holds=talk.refused)
        ),
        max_turns=turns,
        max_backtracks=backtracks,
    )
    await attack.execute_async(objective=objective)


def _chat(attacker: EndpointRecipe) -> OpenAIChatTarget:
    key = os.environ.get(attacker.key_variable, "") if attacker.key_variable else ""
    return OpenAIChatTarget(
        endpoint=attacker.url,
        model_name=attacker.model,
        api_key=key or NO_KEY,
        extra_body_parameters=attacker.body or None,
        httpx_client_kwargs={"timeout": attacker.timeout},
    )


class Agent(PromptTarget):
    """A model that is asked by a function of all that was said, (role, text) each."""

    _DEFAULT_CONFIGURATION = TargetConfiguration(
        capabilities=TargetCapabilities(supports_multi_turn=True, supports_editable_history=True)
    )

    def __init__(self, *, answer: Callable[[Sequence[tuple[str, str]]], str]) -> None:
        super().__init__(model_name="model under attack")
        self._answer = answer

    async def _send_prompt_to_target_async(self, *, normalized_conversation: list[Any]) -> list[Any]:
        pieces = [message.get_piece() for message in normalized_conversation]
        answer = self._answer([(piece.api_role, piece.converted_value) for piece in pieces])
        return [construct_response_from_request(request=pieces[-1], response_text_pieces=[answer])]


class Told(MessageTrueFalseScorer):
    """Whether something holds of an answer."""

    def __init__(self, *, holds: Callable[[str], bool]) -> None:
        super().__init__(validator=ScorerPromptValidator(supported_data_types=["text"]))
        self._holds = holds

    def _build_identifier(self) -> Any:
        return self._create_identifier(params={"holds": self._holds.__name__})

    async def _score_piece_async(self, message_piece: Any, *, objective: str | None = None) -> list[Score]:
        return [
            Score(
                score_value=str(self._holds(message_piece.converted_value)),
                score_value_description="",
                score_type="true_false",
                score_rationale="",
                scorer_class_identifier=self.get_identifier(),
                message_piece_id=message_piece.id,
                objective=objective,
            )
        ]
