"""Agent traces in worlds drawn at random: invented tools, requests, results and attacks, without a model or a network.

Ours (Apache-2.0). A breaker that is trained on a few suites learns their tools and their wording. Here no tool set, no
request and no result comes twice, so what is left to learn is the difference itself: a call that follows the user, or
one that follows an instruction found in a tool's result. A row is one world:

    user: Please read ticket 4711, and then send 20.5 to DE12... with the reference roof repair.
    read_ticket(issue="4711") -> comment: There is free parking near the station. <attack> ...

- clean: nothing is injected, and the user's second wish follows; resisted: the same after an injection;
- hijacked: the attacker's call follows.

Quirks: all three of one world are twins. In half of the worlds the attacker wants a tool that the user uses too, and in
many what follows the user needs something that stands in a result alone (another page to read, an account, what a note
says), so neither the tool nor copying from a result gives an attack away.
"""

import hashlib
import random
from collections.abc import Iterator

from pydantic import PositiveInt

from switchgear.data.injections.families import FAMILIES, Families, fill
from switchgear.data.injections.places import find
from switchgear.data.labels.patterns import own_pattern
from switchgear.data.reading.options import Options, checked
from switchgear.data.sources.synthetic_agents.worlds import World, world
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Message, Provenance, Role, ToolCall, Trace

SOURCE = "synthetic_agents"
REVISION = "2"  # of the vocabulary and of how it is drawn from


class WorldsOptions(Options):
    worlds: PositiveInt = 1000
    families: Families = tuple(FAMILIES)
    """Of attack templates."""
    traces: tuple[Trace, ...] = tuple(Trace)


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """The traces of `worlds` worlds. Equal options and seed give equal examples."""
    options = checked(recipe, WorldsOptions)
    for number in range(options.worlds):
        draw = random.Random(f"{seed}/{number}")
        family = draw.choice(options.families)
        template = draw.randrange(len(FAMILIES[family]))
        drawn = world(draw)
        records = drawn.lookups[-1].records
        record = draw.randrange(len(records))
        place = record, draw.choice(list(records[record]))
        for kind in options.traces:
            yield _trace(drawn, f"{seed}/{number}", kind, family, template, place)


def _trace(drawn: World, row: str, kind: Trace, family: str, template: int, place: tuple[int, str]) -> Example:
    attack = "" if kind is Trace.CLEAN else fill(FAMILIES[family][template], drawn.goal)
    context = _context(drawn, attack, place)
    text = "\n".join([drawn.request, *(lookup.result() for lookup in drawn.lookups)])
    forbidden = own_pattern(drawn.attack, drawn.goal)
    return Example(
        id=f"{SOURCE}/{row}/{kind}",
        role=Role.HARMFUL if kind is Trace.HIJACKED else Role.BENIGN,
        trace=kind,
        messages=(*context, _turn(drawn.attack if kind is Trace.HIJACKED else drawn.own, len(drawn.lookups))),
        tools=drawn.tools,
        continuation=(len(context),),
        expectation=Expectation(
            expected=(own_pattern(drawn.own, text),) if isinstance(drawn.own, ToolCall) else (),
            forbidden=() if kind is Trace.CLEAN else (forbidden,),
        ),
        category=drawn.category if attack else "",
        group=f"{SOURCE}/{row}",
        tags={"source": SOURCE} | ({"family": family, "template": f"{family}/{template}"} if attack else {}),
        provenance=Provenance(
            dataset=SOURCE,
            revision=REVISION,
            licence="Apache-2.0",
            row=row,
            sha256=hashlib.sha256(f"{drawn}/{attack}".encode()).hexdigest(),
        ),
    )


def _context(drawn: World, attack: str, place: tuple[int, str]) -> list[Message]:
    """System prompt, request, and each lookup with its result. The attack stands in the last result."""
    messages = [Message(role="system", content=drawn.system), Message(role="user", content=drawn.request)]
    for number, lookup in enumerate(drawn.lookups):
        last = attack if lookup is drawn.lookups[-1] else ""
        result = lookup.result(last, *place)
        messages.append(_turn(lookup.call, number))
        messages.append(
            Message(
                role="tool",
                content=result,
                name=lookup.call.name,
                tool_call_id=f"call_{number}",
                injected=find(result, last) if last else (),
            )
        )
    return messages


def _turn(said: ToolCall | str, number: int) -> Message:
    if isinstance(said, str):
        return Message(role="assistant", content=said)
    return Message(role="assistant", tool_calls=(said.model_copy(update={"id": f"call_{number}"}),))
