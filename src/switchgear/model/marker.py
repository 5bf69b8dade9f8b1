"""Invisible marks around pieces of text: private-use characters that are taken out again, and tell where they stood."""

import re
from dataclasses import dataclass, field
from typing import Any

from switchgear.errors import TemplateError

Place = tuple[int, int]  # first character, one past the last
Label = tuple[Any, ...]  # ("content", turn, mark) | ("thinking", turn) | ("name" | "key" | "leaf", turn, call, ...)
DIGITS = 5


@dataclass
class Marker:
    """Hands out marks. `block` is the first of eleven private-use characters: a lead and ten digits."""

    block: int
    labels: list[Label] = field(default_factory=list)

    def edges(self, name: Label) -> tuple[str, str]:
        self.labels.append(name)
        number = 2 * (len(self.labels) - 1)
        return self._spell(number), self._spell(number + 1)

    def around(self, text: str, name: Label) -> str:
        """`text` between two marks. An empty text stays empty: templates test for that."""
        start, end = self.edges(name) if text else ("", "")
        return start + text + end

    def around_strings(self, value: Any, at: Label) -> Any:
        """A JSON value with marks around every key and string in it; `at` is its turn and call."""
        if isinstance(value, str):
            return self.around(value, ("leaf", *at))
        if isinstance(value, dict):
            # numbered in alphabetical order, so that a template that sorts the keys sorts the marked ones alike
            keys = {key: self.around(key, ("key", *at, key)) for key in sorted(value, key=str.lower)}
            return {keys[key]: self.around_strings(item, (*at, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.around_strings(item, (*at, index)) for index, item in enumerate(value)]
        return value

    def take_out(self, text: str) -> tuple[str, dict[Label, Place]]:
        """`text` without marks, and where each pair stood. A piece that is written twice counts where it is first."""
        for code in range(self.block, self.block + 11):
            text = text.replace(f"\\u{code:04x}", chr(code))  # a template that escapes non-ASCII
        pieces: list[str] = []
        edges: dict[int, int] = {}
        done = length = 0
        lead, zero, nine = (chr(self.block + offset) for offset in (0, 1, 10))
        for match in re.finditer(f"{lead}([{zero}-{nine}]{{{DIGITS}}})", text):
            pieces.append(text[done : match.start()])
            length += len(pieces[-1])
            done = match.end()
            number = int("".join(str(ord(digit) - self.block - 1) for digit in match[1]))
            edges.setdefault(number, length)
        pairs = {name: (edges.get(2 * i), edges.get(2 * i + 1)) for i, name in enumerate(self.labels)}
        found = {name: (a, b) for name, (a, b) in pairs.items() if a is not None and b is not None}
        return "".join([*pieces, text[done:]]), found

    def _spell(self, number: int) -> str:
        return chr(self.block) + "".join(chr(self.block + 1 + int(digit)) for digit in f"{number:0{DIGITS}d}")


def free_block(text: str) -> int:
    """The first character of a block that `text` has none of. Raises `TemplateError` if it uses them all."""
    for block in range(0xE000, 0xF8F0, 16):
        if not any(chr(code) in text or f"\\u{code:04x}" in text for code in range(block, block + 11)):
            return block
    raise TemplateError("The conversation uses characters of every private-use block; remove them from the data.")
