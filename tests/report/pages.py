"""A page as its elements, and text that tries to be more than text."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\u202egnp.exe\u2069\ud800\"' class=x"


class Page(HTMLParser):
    """Elements with their attributes, and the text of scripts and styles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts.append(data)
        if self.cdata_elem == "style":
            self.styles.append(data)


STRUCTURE = ("kind", "mode", "measure", "model")
"""Fields whose values decide what is shown where."""


def poisoned(value: Any, kept: Sequence[str] = ()) -> Any:
    """The same data with hostile text at the end of every text in it, names of fields and `kept` fields aside."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poisoned(each, kept) for each in value]
    if isinstance(value, dict):
        return {key: each if key in kept else poisoned(each, kept) for key, each in value.items()}
    return value
