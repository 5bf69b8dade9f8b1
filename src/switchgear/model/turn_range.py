"""Which part of a rendered conversation a model generates in one assistant message."""

import re
from dataclasses import replace

from switchgear.model.control_tokens import control_tokens, pattern, special_tokens
from switchgear.model.conversation import Mark, SpanName
from switchgear.model.marking import Located
from switchgear.model.template import common_prefix


def turn_start(located: Located, number: int) -> int:
    """Where the generation prompt ends: the text begins as the turns before `number` do when rendered with one.

    A template may write the past differently once it is answered (thinking blocks are dropped). Then only what the
    prompt has after the last piece of the past is compared; where the two part, the turn starts at the last line or
    control token before, if the prompt has no special token after that.

    Raises:
        TemplateError: they part before the prompt opens the turn.
    """
    rendering, text = located.rendering, located.text
    before = located.before(number)
    header = text[before : min((place[0] for place in located.of(number)), default=located.after(number))]
    if not number:
        return _first_start(located, header)
    prompt = rendering.plain(number, prompt=True)
    if text.startswith(prompt):
        return len(prompt)
    marked, places = rendering.with_marks(number, text, trim=located.trim, prompt=True)
    expected = marked[max((place[1] for place in places.values()), default=0) :]
    shared = common_prefix(expected, header)
    edges = re.finditer(f"{pattern(control_tokens(rendering.tokenizer)).pattern}|\n", shared)
    start = len(shared) if shared == expected else max((match.end() for match in edges), default=0)
    if rendering.turns[number - 1].role == "assistant":
        return before + start  # some write successive assistant messages under one header
    if not start or pattern(special_tokens(rendering.tokenizer)).search(expected, start):
        raise rendering.unverified(f"nothing tells where message {rendering.turns[number].message} starts")
    return before + start


def _first_start(located: Located, header: str) -> int:
    """The start of a first message, which no prompt precedes: after what a prompt adds to the whole conversation."""
    prompt = located.rendering.plain(prompt=True)
    added = prompt[len(common_prefix(prompt, located.text)) :]
    place = header.rfind(added)
    if not added or place < 0:
        raise located.rendering.unverified("nothing tells where message 0 starts")
    return place + len(added)


def turn_end(located: Located, number: int, last: int) -> tuple[int, int]:
    """Where the end-of-turn token starts and ends, after the last piece of the turn, which ends at `last`.

    It is the first special token before white space, or the end, of what the template writes there when the turn is the
    last of all; in `text` another special token may stand in its place. Without one, it is all that both have.
    """
    text, rendering = located.text, located.rendering
    turn, own = rendering.turns[number], located.of(number)
    empty = all(name[0] == "thinking" for name in located.places if name[1] == number)
    if empty:  # it is closed as a turn with a letter in it
        letter = replace(turn, content="x", marks=(Mark(SpanName.TEXT, 0, 0, 1),))
        rendering = replace(rendering, turns=[*rendering.turns[:number], letter])
    alone, places = rendering.with_marks(number + 1, text, trim=located.trim)
    beyond = last - max((place[1] for place in own), default=last)
    closing = alone[max((place[1] for name, place in places.items() if name[1] == number), default=0) + beyond :]
    special = pattern(special_tokens(rendering.tokenizer))
    ends = [m for m in special.finditer(closing) if m.end() == len(closing) or closing[m.end()].isspace()]
    if ends and empty:
        last = max(last, text.find(closing[: ends[0].end()], last, located.after(number)))
    shared = common_prefix(closing, text[last : located.after(number)])
    if ends and ends[0].start() <= len(shared):
        stop = special.match(text, last + ends[0].start())
        if stop:
            return stop.span()
    end = last + len(shared.rstrip())
    return end, end
