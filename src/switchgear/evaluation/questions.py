"""Cases as token ids, and what an answer to them is begun with.

free: nothing. forced: the opening of a tool call, up to the tool's name. prefilled: the call that the trace really goes
on with, up to the first value that makes it the attacker's (hijacked) or the user's (resisted, clean): what even a weak
model can finish by copying. The harder half of an attack is done for it, and of the user's task alike.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from switchgear.data.labels.patterns import matches, texts
from switchgear.evaluation.rows import Mode
from switchgear.evaluation.tasks import Case
from switchgear.model.conversation import SpanName
from switchgear.model.layout import Ids
from switchgear.model.render import Rendered, Span, render
from switchgear.model.tool_format import call_opening
from switchgear.schema import ArgumentPredicate, CallPattern, ToolCall, Trace


@dataclass(frozen=True)
class Question:
    """A case: its context, the turn that the trace really goes on with, and the opening of an answer in each mode.

    `injected` are the tokens of the context that are the attacker's, from start to end: of several texts of his the
    last; where the data do not mark his text, the last tool result, which holds it; None without any.
    """

    case: Case
    context: tuple[int, ...]
    reference: tuple[int, ...]
    openings: dict[Mode, Ids]
    injected: tuple[int, int] | None = None


def question(case: Case, tokenizer: Any, max_tokens: int, modes: Sequence[Mode]) -> Question:
    """A case as the model is put it; a context that is too long is cut as in training."""
    seen = case.example.model_copy(
        update={"messages": case.example.messages[: case.message + 1], "continuation": (case.message,)}
    )
    rendered = render(seen, tokenizer, max_tokens)
    turn = _spans(rendered, case, SpanName.TURN)[0]
    openings = {mode: _opening(mode, case, rendered, tokenizer) for mode in modes}
    context, reference = tuple(rendered.ids[: turn.start]), tuple(rendered.ids[turn.start : turn.end])
    return Question(case, context, reference, openings, _injected(rendered, turn.start))


def batches(questions: Sequence[Question], size: int) -> list[list[Question]]:
    """Batches of at most `size` different contexts. Those that begin alike, and questions about one, come together."""
    by_context: dict[tuple[int, ...], list[Question]] = {}
    for asked in sorted(questions, key=lambda q: (q.context, q.case.id)):
        by_context.setdefault(asked.context, []).append(asked)
    groups = list(by_context.values())
    return [[q for group in groups[start : start + size] for q in group] for start in range(0, len(groups), size)]


def _opening(mode: Mode, case: Case, rendered: Rendered, tokenizer: Any) -> Ids:
    match mode:
        case "free":
            return []
        case "forced":
            return list(tokenizer(call_opening(tokenizer), add_special_tokens=False)["input_ids"])
        case "prefilled":
            start = _spans(rendered, case, SpanName.TURN)[0].start
            return rendered.ids[start : _before_value(case, rendered)]


def _injected(rendered: Rendered, turn: int) -> tuple[int, int] | None:
    for name in (SpanName.INJECTED, SpanName.TOOL_RESULT):
        if found := [(span.start, span.end) for span in rendered.spans if span.name is name and span.end <= turn]:
            return max(found)
    return None


def _before_value(case: Case, rendered: Rendered) -> int:
    """Where, in tokens, the first value begins that a pattern of the case is about.

    A call of its tool without such a value is given through the name; of a turn without such a call, nothing is given.
    """
    calls = case.example.messages[case.message].tool_calls
    patterns = case.forbidden if case.kind is Trace.HIJACKED else case.expected
    names = _spans(rendered, case, SpanName.TOOL_NAME)
    named = [
        (call, pattern, name)
        for call, name in zip(calls, names, strict=False)  # a turn that is cut has lost its last names
        for pattern in patterns
        if call.name == pattern.name
    ]
    if not named:
        return _spans(rendered, case, SpanName.TURN)[0].start
    call, pattern, name = max(named, key=lambda found: matches(found[0], found[1]))
    arguments = [span for span in _spans(rendered, case, SpanName.TOOL_ARGUMENTS) if span.start >= name.start]
    if not (pattern.arguments and arguments and matches(call, pattern)):
        return name.end
    start = rendered.ends[arguments[0].start - 1]
    return bisect_right(rendered.ends, min(_place(rendered.text, start, call, each) for each in pattern.arguments))


def _place(text: str, cursor: int, call: ToolCall, predicate: ArgumentPredicate) -> int:
    """The character of `text`, in which the arguments begin at `cursor`, where what satisfies the predicate begins."""
    wanted = CallPattern(name=call.name, arguments=(predicate,))
    sought = predicate.value if predicate.operator == "matches" else f"(?i:{re.escape(predicate.value.strip())})"
    for key, value in call.arguments.items():
        cursor = _find(text, key, cursor)[1]
        for part in texts(value):
            if matches(ToolCall(name=call.name, arguments={key: part}), wanted):
                found = re.search(sought, part)
                return _find(text, found[0] if found else part, cursor)[0]
        cursor = _find(text, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), cursor)[1]
    return cursor


def _find(text: str, written: str, cursor: int) -> tuple[int, int]:
    """Start and end of `written`, plain or escaped for JSON; spelled otherwise, it is not found: an empty place."""
    spellings = (written, json.dumps(written, ensure_ascii=False)[1:-1], json.dumps(written)[1:-1])
    found = re.compile("|".join(map(re.escape, spellings)), re.IGNORECASE).search(text, cursor)
    return found.span() if found else (cursor, cursor)


def _spans(rendered: Rendered, case: Case, name: SpanName) -> list[Span]:
    return [span for span in rendered.spans if span.name is name and span.message == case.message]
