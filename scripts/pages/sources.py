"""A section for each source, from its module's docstring: address, licence, the shape of a row, and its traps."""

import re
import sys

from scripts.pages.markdown import docstring, first_paragraph, markdown
from switchgear.data.dataset.presence import FROM_HUB
from switchgear.data.sources import SOURCES

HEAD = """\
# Sources

What `data.sources` can name. Each section is the source's own account of itself: where the data are, at which
revision, under which licence, what a row looks like, what becomes of it, and which of its quirks are handled. Fields
that every source takes (`path`, `limit`, `weight` ...) are in the [recipe](recipe.md#sourcerecipe); how to choose is in
the [data guide](../data.md).

| `name` | what it is | licence | read from |
|---|---|---|---|
"""
LICENCE = re.compile(r"\b(?:MIT|Apache-2\.0|CC0-1\.0|CC-BY(?:-\w\w)*-\d\.\d|ODC-BY-\d\.\d)\b(?: with a clause[^.]*)?")
UNSAID = {
    "agent_traces": "yours: the option `licence`",
    "chat": "yours: the option `licence`",
    "generated": "that of the prompts",
}


def page() -> str:
    rows = "".join(_row(name) for name in sorted(SOURCES))
    return HEAD + rows + "".join(_section(name) for name in sorted(SOURCES))


def _told(name: str) -> str:
    return docstring(sys.modules[SOURCES[name].__module__])


def _row(name: str) -> str:
    return f"| [`{name}`](#{name}) | {first_paragraph(_told(name))} | {licence(name)} | {_place(name)} |\n"


def licence(name: str) -> str:
    """The licences that a source's docstring names. Raises `ValueError` if it names none."""
    found = dict.fromkeys(" ".join(match.split()) for match in LICENCE.findall(_told(name)))
    if not found and name not in UNSAID:
        raise ValueError(f"The docstring of source {name} names no licence.")
    return UNSAID.get(name) or ", ".join(found)


def _place(name: str) -> str:
    if "without a model or a network" in " ".join(_told(name).split()):
        return "made here"
    return "files, or the hub" if name in FROM_HUB else "files"


def _section(name: str) -> str:
    return f"\n## `{name}` {{#{name}}}\n\n{markdown(_told(name))}\n"
