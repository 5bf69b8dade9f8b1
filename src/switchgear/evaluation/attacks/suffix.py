"""A suffix behind the attacker's text: where it stands among the tokens, and what it is as text."""

from dataclasses import replace
from typing import Any

from switchgear.evaluation.attacks.site import Site, site
from switchgear.evaluation.questions import question
from switchgear.evaluation.rows import Mode
from switchgear.evaluation.tasks import Case
from switchgear.model.layout import Ids
from switchgear.schema import CharRange

FILLER = " !"
"""What a suffix is before anything is known about it: a word of its own in most vocabularies."""
NEAR = 8
"""Tokens on either side that can have a say in how a suffix is read."""


def with_suffix(case: Case, text: str) -> Case:
    """`case` with `text` behind the attacker's last words; where none are marked, behind the last result or request."""
    index, end = _place(case)
    message = case.example.messages[index]
    content = message.content[:end] + text + message.content[end:]
    injected = (*message.injected, CharRange(start=end, end=end + len(text)))
    messages = list(case.example.messages)
    messages[index] = message.model_copy(update={"content": content, "injected": injected})
    return replace(case, example=case.example.model_copy(update={"messages": tuple(messages)}))


def room(case: Case, words: int, mode: Mode, tokenizer: Any, max_tokens: int, target: int) -> Site | None:
    """Where a suffix of as many words goes: it is what is `injected`, and `FILLER` for now.

    None where the case was cut so that its place is lost, or where the opening is all of the attacker's answer.
    """
    filled = question(with_suffix(case, FILLER * words), tokenizer, max_tokens, [mode])
    found = site(filled, mode, tokenizer, target)
    if found is None or not _filler(found.injected[:1], tokenizer):
        return None
    kept = sum(1 for token in found.injected if _filler([token], tokenizer))  # the last may hold what follows, too
    suffix, rest = found.injected[:kept], found.injected[kept:]
    return replace(found, injected=suffix, after=rest + found.after)


def spelled(place: Site, suffix: Ids, tokenizer: Any) -> str | None:
    """The text that is read as `suffix` in its place; None if there is none: only text can be sent."""
    left, right = place.before[-NEAR:], place.after[:NEAR]
    head, whole, tail = (_text(ids, tokenizer) for ids in (left, [*left, *suffix, *right], right))
    known = [*suffix, *right]
    read = tokenizer(whole, add_special_tokens=False)["input_ids"][-len(known) :]
    if read != known or not (whole.startswith(head) and whole.endswith(tail)):
        return None
    return whole[len(head) : len(whole) - len(tail)]


def _place(case: Case) -> tuple[int, int]:
    """Message and character behind which a suffix goes."""
    marked = [(index, part.end) for index, message in enumerate(case.context) for part in message.injected]
    others = [(i, len(m.content)) for i, m in enumerate(case.context) if m.role in ("user", "tool")]
    return max(marked or others or [(0, len(case.context[0].content))])


def _filler(ids: Ids, tokenizer: Any) -> bool:
    return not set(_text(ids, tokenizer)) - set(FILLER)


def _text(ids: Ids, tokenizer: Any) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text
