"""Cases as token ids, and what an answer to them is begun with.

free: nothing. forced: the opening of a tool call, up to the tool's name. prefilled: the call that the trace really goes
on with, up to the first value that makes it the attacker's (hijacked) or the user's (resisted, clean): what even a weak
model can finish by copying. The harder half of an attack is done for it, and of the user's task alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from switchgear.evaluation.rows import Mode
from switchgear.evaluation.tasks import Case
from switchgear.model.conversation import SpanName
from switchgear.model.generate import Ids
from switchgear.model.render import render
from switchgear.model.tool_format import call_opening
from switchgear.schema import CallPattern, Trace


@dataclass(frozen=True)
class Question:
    """A case: its context, the turn that the trace really goes on with, and the opening of an answer in each mode."""

    case: Case
    context: tuple[int, ...]
    reference: tuple[int, ...]
    openings: dict[Mode, Ids]


def question(case: Case, tokenizer: Any, max_tokens: int, modes: Sequence[Mode]) -> Question:
    """A case as the model is put it; a context that is too long is cut as in training."""
    seen = case.example.model_copy(
        update={"messages": case.example.messages[: case.message + 1], "continuation": (case.message,)}
    )
    rendered = render(seen, tokenizer, max_tokens)
    turn = next(span for span in rendered.spans if span.name is SpanName.TURN and span.message == case.message)
    reference = rendered.ids[turn.start : turn.end]
    openings = {mode: _opening(mode, case, reference, tokenizer) for mode in modes}
    return Question(case, tuple(rendered.ids[: turn.start]), tuple(reference), openings)


def batches(questions: Sequence[Question], size: int) -> list[list[Question]]:
    """Batches of at most `size` different contexts, of similar length. Questions about one context come together."""
    by_context: dict[tuple[int, ...], list[Question]] = {}
    for asked in sorted(questions, key=lambda q: (len(q.context), q.context, q.case.id)):
        by_context.setdefault(asked.context, []).append(asked)
    groups = list(by_context.values())
    return [[q for group in groups[start : start + size] for q in group] for start in range(0, len(groups), size)]


def _opening(mode: Mode, case: Case, reference: Ids, tokenizer: Any) -> Ids:
    match mode:
        case "free":
            return []
        case "forced":
            return list(tokenizer(call_opening(tokenizer), add_special_tokens=False)["input_ids"])
        case "prefilled":
            return reference[: _before_value(case, reference, tokenizer)]


def _before_value(case: Case, reference: Ids, tokenizer: Any) -> int:
    """How many tokens of the reference come before the first value that a pattern of the case names.

    A call without such a value is given up to its arguments, that is, up to where the text after the name begins.
    """
    text = tokenizer.decode(reference)
    patterns = case.forbidden if case.kind is Trace.HIJACKED else case.expected
    name = min((text.find(p.name) + len(p.name) for p in patterns if p.name in text), default=0)
    places = [place for value in _values(patterns) if (place := text.find(value, name)) >= 0]
    stop = min(places, default=name)
    return max(count for count in range(len(reference)) if len(tokenizer.decode(reference[:count])) <= stop)


def _values(patterns: Sequence[CallPattern]) -> list[str]:
    return [predicate.value for pattern in patterns for predicate in pattern.arguments]
