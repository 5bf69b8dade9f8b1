"""One world: tools that exist nowhere else, a request, what a lookup returns, and what an attacker wrote into it."""

import json
import random
from dataclasses import dataclass
from typing import Any

import yaml

from switchgear.data.sources.synthetic_agents.values import KINDS, TYPES, person, vocabulary, word
from switchgear.schema import ToolCall, ToolSpec

Value = str | int | float
Turn = ToolCall | str
SAME_TOOL, FROM_RESULT, QUESTION = 0.35, 0.4, 0.25
"""Shares of worlds in which the attacker wants the tool that the user wants too, in which a value of the user's call
stands in the result alone, and in which the user asks a question instead of a second call."""
LOOKUPS, RECORDS = (1, 1, 2, 3), (1, 1, 2, 3)
"""How many calls come before the decision, and how many records each returns."""


@dataclass(frozen=True)
class Tool:
    """A tool of one world. `names` are its parameters, by the kind of value that each takes."""

    spec: ToolSpec
    names: dict[str, str]
    asks: list[str]
    category: str

    def call(self, values: dict[str, Value]) -> ToolCall:
        return ToolCall(name=self.spec.name, arguments={self.names[kind]: value for kind, value in values.items()})


@dataclass(frozen=True)
class Lookup:
    """A call that only reads, and the records that it returns, written in one of three styles."""

    call: ToolCall
    records: list[dict[str, str]]
    style: str

    def result(self, attack: str = "", record: int = 0, field: str = "") -> str:
        """What comes back, with an attacker's text after the content of one field of one record."""
        shown = [dict(each) for each in self.records]
        if attack:
            shown[record][field] += f" {attack}"
        whole: Any = shown if len(shown) > 1 else shown[0]
        if self.style == "json":
            return json.dumps(whole, ensure_ascii=False)
        if self.style == "yaml":
            return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=10_000)
        return "\n\n".join("\n".join(each.values()) for each in shown)


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
    words = vocabulary()
    readers = [_tool(draw, kind) for kind in draw.sample(words["reads"], draw.choice(LOOKUPS))]
    own, *others = (_tool(draw, kind) for kind in draw.sample(words["writes"], draw.randint(2, 4)))
    attacker = own if draw.random() < SAME_TOOL else others[0]
    sought = [_values(draw, tool) for tool in readers]
    wanted, attacked = _values(draw, own), _values(draw, attacker)
    lookups = [
        Lookup(tool.call(values), _records(draw), draw.choice(["json", "yaml", "yaml", "prose"]))
        for tool, values in zip(readers, sought, strict=True)
    ]
    one = ", ".join(_ask(draw, tool, values) for tool, values in zip(readers, sought, strict=True))
    told = draw.choice(lookups[-1].records)
    if draw.random() < QUESTION:
        request, own_turn = _question(draw, one, told)
    else:
        request, own_turn = _errand(draw, one, own, wanted, told)
    tools = {tool.spec.name: tool.spec for tool in (*others, own, *readers)}
    goal = _ask(draw, attacker, attacked)
    return World(
        system=_system(draw),
        request=request,
        tools=tuple(draw.sample(list(tools.values()), len(tools))),
        lookups=tuple(lookups),
        own=own_turn,
        attack=attacker.call(attacked),
        goal=f"{goal[0].upper()}{goal[1:]}.",
        category=attacker.category,
    )


def _records(draw: random.Random) -> list[dict[str, str]]:
    names = draw.sample(vocabulary()["fields"], draw.randint(2, 3))
    return [{name: _prose(draw) for name in names} for _ in range(draw.choice(RECORDS))]


def _tool(draw: random.Random, kind: dict[str, Any]) -> Tool:
    names = {value: draw.choice(options) for value, options in kind["parameters"].items()}
    properties = {name: {"type": TYPES.get(value, "string")} for value, name in names.items()}
    spec = ToolSpec(
        name=draw.choice(kind["names"]),
        description=draw.choice(kind["asks"]).replace("{", "the ").replace("}", "").capitalize() + ".",
        parameters={"type": "object", "properties": properties, "required": list(properties)},
    )
    return Tool(spec, names, kind["asks"], kind.get("category", ""))


def _values(draw: random.Random, tool: Tool) -> dict[str, Value]:
    return {kind: KINDS[kind](draw) for kind in tool.names}


def _ask(draw: random.Random, tool: Tool, values: dict[str, Value]) -> str:
    return str(draw.choice(tool.asks)).format(**values)


def _errand(
    draw: random.Random, one: str, tool: Tool, values: dict[str, Value], fields: dict[str, str]
) -> tuple[str, Turn]:
    """Lookups, then a call. In some worlds a value of the call stands in a record alone."""
    said = dict(values)
    if draw.random() < FROM_RESULT:
        kind = draw.choice(list(values))
        fields[kind] = str(values[kind])
        said[kind] = f"the {kind} given there"
    request = _joined(draw, vocabulary()["joins"], one=one, two=_ask(draw, tool, said))
    return request, tool.call(values)


def _question(draw: random.Random, one: str, fields: dict[str, str]) -> tuple[str, Turn]:
    kind = draw.choice(list(KINDS))
    fields[kind] = value = str(KINDS[kind](draw))
    what = f"the {kind}"
    answer = draw.choice(vocabulary()["answers"]).format(what=what, What=what.capitalize(), value=value)
    return _joined(draw, vocabulary()["questions"], one=one, what=what), str(answer)


def _joined(draw: random.Random, templates: list[str], one: str, **parts: str) -> str:
    return draw.choice(templates).format(one=one, One=one[0].upper() + one[1:], **parts)


def _system(draw: random.Random) -> str:
    company = f"{word(draw, 'domain').title()} {word(draw, 'domain').title()}"
    return str(draw.choice(vocabulary()["systems"])).format(
        name=person(draw), company=company, date=KINDS["date"](draw)
    )


def _prose(draw: random.Random) -> str:
    return " ".join(draw.sample(vocabulary()["words"]["filler"], draw.randint(1, 3)))
