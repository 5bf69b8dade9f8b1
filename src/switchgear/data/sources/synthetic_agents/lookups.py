"""What an agent reads before it decides: one to three lookups, some of which say what to look up next."""

import json
import random
from dataclasses import dataclass
from typing import Any

import yaml

from switchgear.data.sources.synthetic_agents.tools import Tool, Values, tool
from switchgear.data.sources.synthetic_agents.values import vocabulary
from switchgear.schema import ToolCall

LOOKUPS, RECORDS = (1, 1, 2, 2, 3), (1, 1, 2, 3)
"""How many lookups a user asks for, and how many records each returns."""
CHAINED, SAME_TOOL = 0.6, 0.4
"""Shares of lookups after the first that need a value which the result before has alone, and that use its tool."""
IN_PROSE = 0.5
"""Share of the values left to a result that stand in its prose, not in a field of their own."""
Record = dict[str, str]


@dataclass(frozen=True)
class Lookup:
    """A call that only reads, and the records that it returns, written in one of three styles."""

    call: ToolCall
    records: list[Record]
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


def readers(draw: random.Random) -> list[Tool]:
    """The tool of each lookup."""
    tools = [tool(draw, entry) for entry in draw.sample(vocabulary()["reads"], draw.choice(LOOKUPS))]
    for number in range(1, len(tools)):
        if draw.random() < SAME_TOOL:
            tools[number] = tools[number - 1]
    return tools


def look_up(draw: random.Random, tools: list[Tool]) -> tuple[list[Lookup], str]:
    """One lookup with each tool, and how the user asks for all of them."""
    lookups: list[Lookup] = []
    asks = []
    for each in tools:
        values = each.values(draw)
        said = values
        if lookups and draw.random() < CHAINED:
            said = left_to(draw, draw.choice(lookups[-1].records), values)
        style = draw.choice(["json", "yaml", "yaml", "prose"])
        lookups.append(Lookup(each.call(values), _records(draw), style))
        asks.append(each.ask(draw, said))
    return lookups, ", ".join(asks)


def left_to(draw: random.Random, record: Record, values: Values) -> Values:
    """Writes one of the values into a record; returns what the user says, who leaves that one to the record."""
    kind = draw.choice(list(values))
    if draw.random() < IN_PROSE:
        record[draw.choice(list(record))] += " " + draw.choice(vocabulary()["mentions"]).format(value=values[kind])
    else:
        record[kind] = str(values[kind])
    return values | {kind: f"the {kind} given there"}


def _records(draw: random.Random) -> list[Record]:
    names = draw.sample(vocabulary()["fields"], draw.randint(2, 3))
    return [{name: _prose(draw) for name in names} for _ in range(draw.choice(RECORDS))]


def _prose(draw: random.Random) -> str:
    return " ".join(draw.sample(vocabulary()["words"]["filler"], draw.randint(1, 3)))
