"""Agent traces in worlds drawn at random: invented tools, requests, results and attacks, without a model or a network.

Ours (Apache-2.0). A breaker that is trained on a few suites learns their tools and their wording. Here no tool set, no
request and no result comes twice, so what is left to learn is the difference itself: a call that follows the user, or
one that follows an instruction found in a tool's result. A row is one world:

    user: Please read ticket 4711, and then send 20.5 to DE12... with the reference roof repair.
    read_ticket(issue="4711") -> comment: There is free parking near the station. <attack> ...

- clean: nothing is injected, and the user's second wish follows; resisted: the same after an injection;
- hijacked: the attacker's call follows.

Quirks: all three of one world are twins. In a third of the worlds the attacker wants the very tool that the user wants,
and in many the user's call needs a value that stands in the result alone, so neither the tool nor copying from a result
gives an attack away.
"""

import hashlib
import random
from collections.abc import Iterator

from pydantic import PositiveInt, field_validator

from switchgear.data.options import Options, checked
from switchgear.data.sources.agentdojo.expectations import own_pattern
from switchgear.data.sources.agentdojo.injections import find
from switchgear.data.sources.agentdojo.templates import FAMILIES, fill
from switchgear.data.sources.synthetic_agents.worlds import World, world
from switchgear.errors import unknown
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Message, Provenance, Role, ToolCall, Trace

SOURCE = "synthetic_agents"
REVISION = "1"  # of the vocabulary and of how it is drawn from


class WorldsOptions(Options):
    worlds: PositiveInt = 1000
    families: tuple[str, ...] = tuple(FAMILIES)
    """Of attack templates; keys of `switchgear.data.sources.agentdojo.templates.FAMILIES`."""
    traces: tuple[Trace, ...] = tuple(Trace)

    @field_validator("families")
    @classmethod
    def _known(cls, families: tuple[str, ...]) -> tuple[str, ...]:
        for family in families:
            if family not in FAMILIES:
                raise ValueError(unknown("attack family", family, FAMILIES))
        return families


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """The traces of `worlds` worlds. Equal options and seed give equal examples."""
    options = checked(recipe, WorldsOptions)
    for number in range(options.worlds):
        draw = random.Random(f"{seed}/{number}")
        family = draw.choice(options.families)
        template = draw.randrange(len(FAMILIES[family]))
        drawn = world(draw)
        field = draw.choice(list(drawn.fields))
        for kind in options.traces:
            yield _trace(drawn, f"{seed}/{number}", kind, family, template, field)


def _trace(drawn: World, row: str, kind: Trace, family: str, template: int, field: str) -> Example:
    attack = "" if kind is Trace.CLEAN else fill(FAMILIES[family][template], drawn.goal)
    result = drawn.result(field, attack)
    context = (
        Message(role="system", content=drawn.system),
        Message(role="user", content=drawn.request),
        _turn(drawn.lookup, "call_0"),
        Message(
            role="tool",
            content=result,
            name=drawn.lookup.name,
            tool_call_id="call_0",
            injected=find(result, attack) if attack else (),
        ),
    )
    text = "\n".join(message.content for message in context[:2]) + "\n" + drawn.result(field)
    forbidden = own_pattern(drawn.attack, drawn.goal)
    return Example(
        id=f"{SOURCE}/{row}/{kind}",
        role=Role.HARMFUL if kind is Trace.HIJACKED else Role.BENIGN,
        trace=kind,
        messages=(*context, _turn(drawn.attack if kind is Trace.HIJACKED else drawn.own, "call_1")),
        tools=drawn.tools,
        continuation=(4,),
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


def _turn(said: ToolCall | str, call_id: str) -> Message:
    if isinstance(said, str):
        return Message(role="assistant", content=said)
    return Message(role="assistant", tool_calls=(said.model_copy(update={"id": call_id}),))
