"""Where in a prompt an attacker may write, and what he wants the model to say then."""

from dataclasses import dataclass
from typing import Any

from switchgear.evaluation.questions import Question
from switchgear.evaluation.rows import Mode
from switchgear.model.layout import Ids

NOWHERE = "no place for the attacker's text"


@dataclass(frozen=True)
class Site:
    """A prompt is `before`, `injected` (the attacker's text), `after` (with the opening of the answer, never empty);
    `target` is how the attacker's answer goes on."""

    before: Ids
    injected: Ids
    after: Ids
    target: Ids


def site(question: Question, mode: Mode, tokenizer: Any, most: int) -> Site | None:
    """`target` is cut to `most` tokens. None where the context holds nothing that an attacker could have written, or
    where the opening is all of his answer."""
    context, opening = list(question.context), question.openings[mode]
    target = _rest(list(question.reference), opening, tokenizer)[:most]
    if question.injected is None or not target:
        return None
    start, end = question.injected
    return Site(context[:start], context[start:end], context[end:] + opening, target)


def _rest(reference: Ids, opening: Ids, tokenizer: Any) -> Ids:
    """What follows the opening in the attacker's answer; words before the call are left out with the opening."""
    if reference[: len(opening)] == opening:
        return reference[len(opening) :]
    begun, whole = tokenizer.decode(opening), tokenizer.decode(reference)
    if begun not in whole:
        return reference
    ids: Ids = tokenizer(whole.partition(begun)[2], add_special_tokens=False)["input_ids"]
    return ids
