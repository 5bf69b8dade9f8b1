"""Named character ranges of a rendered conversation. Each is verified against its source, or it is an error."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from switchgear.model.arguments import find_arguments, spells
from switchgear.model.conversation import SpanName
from switchgear.model.marker import Place
from switchgear.model.marking import Located, Rendering, trimmed
from switchgear.model.template import common_suffix
from switchgear.model.turn_range import turn_end, turn_start


@dataclass(frozen=True)
class CharSpan:
    """Characters `start` to `end` of the rendered text are `name` of source message `message`."""

    name: SpanName
    message: int
    start: int
    end: int


def find(rendering: Rendering) -> tuple[str, list[CharSpan]]:
    """The rendered text and its spans, in order of their start, the enclosing one first.

    Raises:
        TemplateError: a piece that the template drops or changes, or a turn whose start cannot be told.
    """
    located = rendering.located()
    spans: list[CharSpan] = []
    for number, turn in enumerate(rendering.turns):
        spans += _contents(located, number)
        if turn.role == "assistant":
            spans += _generated(located, number)
    return located.text, _apart(sorted(spans, key=lambda span: (span.start, -span.end)))


def _apart(spans: list[CharSpan]) -> list[CharSpan]:
    """A turn ends where the next starts, in templates that write successive assistant messages as one."""
    following = dict(pairwise(span.start for span in spans if span.name is SpanName.TURN))
    return [
        replace(span, end=min(span.end, following.get(span.start, span.end))) if span.name is SpanName.TURN else span
        for span in spans
    ]


def _contents(located: Located, number: int) -> Iterator[CharSpan]:
    """The pieces of a turn's content, and its thinking where the template writes that."""
    turn = located.rendering.turns[number]
    if thought := located.places.get(("thinking", number)):
        if not spells(located.text[slice(*thought)], turn.thinking):
            raise located.rendering.unverified(f"it changes the thinking of message {turn.message}")
        yield CharSpan(SpanName.THINKING, turn.message, *thought)
    for index, mark in enumerate(turn.marks):
        start, end = trimmed(turn, mark.start, mark.end) if located.trim else (mark.start, mark.end)
        if start >= end or mark.name is None:
            continue
        place = located.places.get(("content", number, index))
        if place is None or not spells(located.text[slice(*place)], turn.content[start:end]):
            what = "changes" if place else "drops"
            raise located.rendering.unverified(f"it {what} the {mark.name} of {turn.role} message {mark.message}")
        yield CharSpan(mark.name, mark.message, *place)


def _generated(located: Located, number: int) -> Iterator[CharSpan]:
    """All that the model generates in a turn, and the calls that the template wrote in it."""
    message = located.rendering.turns[number].message
    start = turn_start(located, number)
    calls = _calls(located, number)
    pieces = [*located.of(number), *(arguments for _, arguments in calls if arguments)]
    stop, end = turn_end(located, number, max((place[1] for place in pieces), default=start))
    if located.before(number) > start or located.after(number) < end:
        raise located.rendering.unverified(f"it writes other messages inside the turn of message {message}")
    if start < end:
        yield CharSpan(SpanName.TURN, message, start, end)
    limits = [name[0] for name, _ in calls[1:]] + [stop]
    for (name, arguments), limit in zip(calls, limits, strict=False):
        yield CharSpan(SpanName.TOOL_CALL, message, *_whole_call(located, start, name, limit))
        yield CharSpan(SpanName.TOOL_NAME, message, *name)
        if arguments:
            yield CharSpan(SpanName.TOOL_ARGUMENTS, message, *arguments)


def _calls(located: Located, number: int) -> list[tuple[Place, Place | None]]:
    """The name and the arguments of each call that the template wrote itself."""
    turn = located.rendering.turns[number]
    names = [located.places.get(("name", number, index)) for index in range(len(turn.calls))]
    limits = [place[0] for place in names[1:] if place] + [located.after(number)]
    calls = []
    for index, (call, name, limit) in enumerate(zip(turn.calls, names, limits, strict=False)):
        if name is None or not spells(located.text[slice(*name)], call.name):
            raise located.rendering.unverified(f"it drops or changes a call of message {turn.message}")
        calls.append((name, find_arguments(located, (number, index), call, name[1], limit)))
    return calls


def _whole_call(located: Located, start: int, name: Place, limit: int) -> Place:
    """One call with its markers. `limit` is where the next name or the end-of-turn token starts."""
    marker, text = located.rendering.form.marker, located.text
    opening = common_suffix(text[start : name[0]], marker)
    next_opening = common_suffix(text[name[1] : limit], marker)
    closed = text[name[1] : limit - len(next_opening)].rstrip(", \n")
    return name[0] - len(opening), name[1] + len(closed)
