"""What splits, draws and the card need to know of an example: a few hundred bytes, so that a million fit in memory."""

from functools import lru_cache
from sys import intern
from typing import NamedTuple

from pydantic_core import from_json, to_json

from switchgear.schema import Example, Role, kind_of


class Facts(NamedTuple):
    """An example without its texts."""

    id: str
    group: str
    row: str
    """Of its source. Twins have the same."""
    role: str
    trace: str
    """"" where there is none."""
    category: str
    dataset: str
    licence: str
    revision: str
    tags: dict[str, str]
    harms: bool
    """It shows harm or asks for it: a harmful example, or a case whose good answer is not to do something."""
    characters: int

    @property
    def label(self) -> str:
        """As counts name it: `harmful/hijacked`."""
        return f"{self.role}/{self.trace}" if self.trace else self.role

    @property
    def benchmark(self) -> str:
        """ "" where the example is of none."""
        return self.tags.get("benchmark", "")

    @property
    def kind(self) -> str:
        return kind_of(self.role, self.trace)


def facts(example: Example) -> Facts:
    origin, expectation = example.provenance, example.expectation
    refused = bool(expectation.forbidden) or expectation.behaviour == "refuse"
    return Facts(
        id=example.id,
        group=example.group,
        row=origin.row,
        role=example.role.value,
        trace=example.trace.value if example.trace else "",
        category=example.category,
        dataset=origin.dataset,
        licence=origin.licence,
        revision=origin.revision,
        tags=example.tags,
        harms=example.role is Role.HARMFUL or (example.role is Role.CASE and refused),
        characters=example.characters,
    )


def dump(known: Facts) -> bytes:
    """JSON without line breaks or tabs."""
    return to_json((*known[:9], tuple(known.tags.items()), *known[10:]))


def load(text: bytes) -> Facts:
    """What `dump` wrote. What recurs from row to row is held once."""
    name, group, row, role, trace, category, dataset, licence, revision, tags, harms, characters = from_json(text)
    return Facts(
        name,
        name if group == name else group,
        row,
        intern(role),
        intern(trace),
        intern(category),
        intern(dataset),
        intern(licence),
        intern(revision),
        _tags(tuple(map(tuple, tags))),
        harms,
        characters,
    )


@lru_cache(maxsize=100_000)
def _tags(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {intern(name): value for name, value in items}
