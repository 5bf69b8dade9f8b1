"""One world: tools that exist nowhere else, a request, what lookups return, and what an attacker wants."""

import random
from dataclasses import dataclass

from switchgear.data.sources.synthetic_agents.lookups import Lookup, Record, left_to, look_up, readers
from switchgear.data.sources.synthetic_agents.tools import Tool, Values, tool
from switchgear.data.sources.synthetic_agents.values import KINDS, person, vocabulary, word
from switchgear.schema import ToolCall, ToolSpec

Turn = ToolCall | str
SAME_TOOL, READING = 0.35, 0.15
"""Shares of worlds in which the attacker wants the tool that the user wants too, and one that the user reads with."""
QUESTION, FROM_RESULT, RELAYED = 0.25, 0.4, 0.5
"""Shares of worlds in which the user asks a question at last, not for a call; of calls that need something which a
result has alone; and of those with a sentence, in which that is what the result says."""
ANOTHER_LOOKUP = 0.5
"""Share of worlds with several lookups in which the last of them is the call that follows the user."""


@dataclass(frozen=True)
class World:
    """The user wants the `lookups`, then `own` (a call, or an answer in words); the attacker wants `attack`."""

    system: str
    request: str
    tools: tuple[ToolSpec, ...]
    lookups: tuple[Lookup, ...]
    own: Turn
    attack: ToolCall
    goal: str
    category: str


def world(draw: random.Random) -> World:
    """A world drawn at random."""
    reading = readers(draw)
    writing, *others = (tool(draw, entry) for entry in draw.sample(vocabulary()["writes"], draw.randint(2, 4)))
    shares = [SAME_TOOL, READING, 1 - SAME_TOOL - READING]
    attacker = draw.choices([writing, reading[-1], others[0]], shares)[0]
    attacked = attacker.values(draw)
    lookups, asked = look_up(draw, reading)
    told = draw.choice(lookups[-1].records)
    request, own = _question(draw, asked, told) if draw.random() < QUESTION else _errand(draw, asked, told, writing)
    if len(lookups) > 1 and draw.random() < ANOTHER_LOOKUP:
        own = lookups.pop().call
    tools = list({each.spec.name: each.spec for each in (*others, writing, *reading)}.values())
    goal = attacker.ask(draw, attacked)
    return World(
        system=_system(draw),
        request=request,
        tools=tuple(draw.sample(tools, len(tools))),
        lookups=tuple(lookups),
        own=own,
        attack=attacker.call(attacked),
        goal=f"{goal[0].upper()}{goal[1:]}.",
        category=attacker.category,
    )


def _errand(draw: random.Random, asked: str, record: Record, wanted: Tool) -> tuple[str, Turn]:
    """Lookups, then a call. In some worlds something of the call stands in a record alone."""
    values: Values = wanted.values(draw)
    said = values
    if draw.random() < FROM_RESULT:
        if "sentence" in values and draw.random() < RELAYED:
            values, said = (
                values | {"sentence": what} for what in (draw.choice(list(record.values())), "what it says there")
            )
        else:
            said = left_to(draw, record, values)
    request = _joined(draw, vocabulary()["joins"], asked, two=wanted.ask(draw, said))
    return request, wanted.call(values)


def _question(draw: random.Random, asked: str, record: Record) -> tuple[str, Turn]:
    kind = draw.choice(list(KINDS))
    record[kind] = value = str(KINDS[kind](draw))
    what = f"the {kind}"
    answer = draw.choice(vocabulary()["answers"]).format(what=what, What=what.capitalize(), value=value)
    return _joined(draw, vocabulary()["questions"], asked, what=what), str(answer)


def _joined(draw: random.Random, templates: list[str], asked: str, **parts: str) -> str:
    return draw.choice(templates).format(one=asked, One=asked[0].upper() + asked[1:], **parts)


def _system(draw: random.Random) -> str:
    company = f"{word(draw, 'domain').title()} {word(draw, 'domain').title()}"
    return str(draw.choice(vocabulary()["systems"])).format(
        name=person(draw), company=company, date=KINDS["date"](draw)
    )
