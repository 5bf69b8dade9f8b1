"""Tools of one world: what they are called, what they take, and how a person asks for what they do."""

import random
from dataclasses import dataclass
from typing import Any

from switchgear.data.sources.synthetic_agents.values import KINDS, TYPES
from switchgear.schema import ToolCall, ToolSpec

Values = dict[str, str | int | float]
"""By kind."""


@dataclass(frozen=True)
class Tool:
    """`names` are its parameters, by the kind of value that each takes; `category` is of an attacker's call."""

    spec: ToolSpec
    names: dict[str, str]
    asks: list[str]
    category: str

    def values(self, draw: random.Random) -> Values:
        return {kind: KINDS[kind](draw) for kind in self.names}

    def ask(self, draw: random.Random, values: Values) -> str:
        """How a person asks for the call. A value may be replaced by words for it."""
        return draw.choice(self.asks).format(**values)

    def call(self, values: Values) -> ToolCall:
        return ToolCall(name=self.spec.name, arguments={self.names[kind]: value for kind, value in values.items()})


def tool(draw: random.Random, entry: dict[str, Any]) -> Tool:
    """A tool as an entry of the vocabulary has it, with one of its names and one for each of its parameters."""
    names = {kind: draw.choice(options) for kind, options in entry["parameters"].items()}
    properties = {name: {"type": TYPES.get(kind, "string")} for kind, name in names.items()}
    spec = ToolSpec(
        name=draw.choice(entry["names"]),
        description=draw.choice(entry["asks"]).replace("{", "the ").replace("}", "").capitalize() + ".",
        parameters={"type": "object", "properties": properties, "required": list(properties)},
    )
    return Tool(spec, names, entry["asks"], entry.get("category", "unauthorised_action"))
