"""A case that goes on: what the agent and the attacker say stands before the decision, again and again."""

from collections.abc import Iterable
from dataclasses import replace

from switchgear.evaluation.tasks import Case
from switchgear.model.calls import ParsedTurn
from switchgear.schema import Message

SILENCE = "..."
"""Of an agent that said nothing: templates do not write an empty turn."""


def request(case: Case) -> str:
    """What the attacker wants, in his own words: the injected text, or all of the last message where none is marked."""
    marked = [m.content[part.start : part.end] for m in case.context for part in m.injected]
    return " ".join(marked) or case.context[-1].content


def spoken(turn: ParsedTurn) -> Message:
    """What the agent said, as the next turn reads it. A call that could not be parsed is text."""
    return Message(role="assistant", content=turn.text or ("" if turn.calls else SILENCE), tool_calls=turn.calls)


def extended(case: Case, messages: Iterable[Message]) -> Case:
    """`case` with more messages before its decision."""
    longer = (*case.context, *messages, case.example.messages[case.message])
    decision = len(longer) - 1
    example = case.example.model_copy(update={"messages": longer, "continuation": (decision,)})
    return replace(case, example=example, message=decision)
