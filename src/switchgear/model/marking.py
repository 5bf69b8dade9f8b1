"""Where a template put each piece of text: the conversation is rendered again with invisible marks around the pieces.

Marks are private-use characters that occur nowhere in the text. Taking them out must give the real rendering exactly,
character by character: that is what makes the places they stood at trustworthy.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from switchgear.errors import TemplateError
from switchgear.model.control_tokens import insert
from switchgear.model.conversation import Call, Turn
from switchgear.model.template import Chat, apply, call_message, label
from switchgear.model.tool_format import ToolFormat

Place = tuple[int, int]  # first character, one past the last
Label = tuple[Any, ...]  # ("content", turn, mark) | ("name" | "key" | "leaf", turn, call, ...)
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


@dataclass(frozen=True)
class Rendering:
    """One conversation for one template, in every way it has to be rendered."""

    tokenizer: Any
    form: ToolFormat
    turns: list[Turn]
    tools: list[dict[str, Any]]

    def plain(self, count: int | None = None, *, prompt: bool = False) -> str:
        """The first `count` turns, as the model is given them."""
        return apply(self.tokenizer, self._chat(self.turns[:count], None, trim=False), self.tools, prompt=prompt)

    def located(self) -> "Located":
        """The plain rendering, with the place of every piece.

        Raises:
            TemplateError: the template writes something else when the pieces are marked.
        """
        text, marked = self.plain(), ""
        for trim in (False, True):
            marked, places = self.with_marks(len(self.turns), text, trim=trim)
            if marked == text:
                return Located(self, text, places, trim)
        raise self.unverified(f"it writes {len(text)} characters, but {len(marked)} when the same text is marked")

    def unverified(self, what: str) -> TemplateError:
        return TemplateError(
            f"The spans of {label(self.tokenizer)} cannot be verified with its chat template: {what}. Use a template "
            "that writes every message as it is given, in order."
        )

    def with_marks(self, count: int, text: str, *, trim: bool, prompt: bool = False) -> tuple[str, dict[Label, Place]]:
        """The first `count` turns with the marks taken out, and where they stood. `text` has none of the marks."""
        marker = Marker(_free_block(text))
        chat = self._chat(self.turns[:count], marker, trim=trim)
        return marker.take_out(apply(self.tokenizer, chat, self.tools, prompt=prompt))

    def _chat(self, turns: list[Turn], marker: Marker | None, *, trim: bool) -> Chat:
        return [self._message(turn, number, marker, trim) for number, turn in enumerate(turns)]

    def _message(self, turn: Turn, number: int, marker: Marker | None, trim: bool) -> dict[str, Any]:
        content = _marked_content(turn, number, marker, trim) if marker else turn.content
        if turn.calls:
            return call_message([self._call(c, (number, i), marker) for i, c in enumerate(turn.calls)], content)
        named = {"name": turn.name, "tool_call_id": turn.call_id} if turn.role == "tool" else {}
        return {"role": turn.role, "content": content} | named

    def _call(self, call: Call, at: tuple[int, int], marker: Marker | None) -> tuple[str, dict[str, Any] | str, str]:
        name, arguments = call.name, call.arguments
        if marker:
            name = marker.around(name, ("name", *at))
            arguments = _marked_strings(arguments, marker, at)
        as_text = json.dumps(arguments, ensure_ascii=False) if self.form.arguments_as_text else arguments
        return name, as_text, call.id


@dataclass(frozen=True)
class Located:
    """A plain rendering and where its pieces are. `trim`: the template takes white space off the edges of contents."""

    rendering: Rendering
    text: str
    places: dict[Label, Place]
    trim: bool

    def of(self, number: int) -> list[Place]:
        """The pieces of one turn."""
        return [place for name, place in self.places.items() if name[1] == number]

    def before(self, number: int) -> int:
        """Where the last piece of the earlier turns ends."""
        return max((place[1] for name, place in self.places.items() if name[1] < number), default=0)

    def after(self, number: int) -> int:
        """Where the first piece of the later turns starts."""
        return min((place[0] for name, place in self.places.items() if name[1] > number), default=len(self.text))


def trimmed(turn: Turn, start: int, end: int) -> Place:
    """`start` and `end` without the white space at the edges of the turn's content."""
    content = turn.content
    first, last = len(content) - len(content.lstrip()), len(content.rstrip())
    return max(start, first), min(end, last)


def _marked_content(turn: Turn, number: int, marker: Marker, trim: bool) -> str:
    points: dict[int, str] = {}
    for index, mark in enumerate(turn.marks):
        start, end = trimmed(turn, mark.start, mark.end) if trim else (mark.start, mark.end)
        if start < end:
            opening, closing = marker.edges(("content", number, index))
            points[start] = points.get(start, "") + opening
            points[end] = points.get(end, "") + closing
    return insert(turn.content, points)


def _marked_strings(value: Any, marker: Marker, at: Label) -> Any:
    """A JSON value with marks around every key and string in it."""
    if isinstance(value, str):
        return marker.around(value, ("leaf", *at))
    if isinstance(value, dict):
        # numbered in alphabetical order, so that a template that sorts the keys sorts the marked ones alike
        keys = {key: marker.around(key, ("key", *at, key)) for key in sorted(value, key=str.lower)}
        return {keys[key]: _marked_strings(item, marker, (*at, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked_strings(item, marker, (*at, index)) for index, item in enumerate(value)]
    return value


def _free_block(text: str) -> int:
    for block in range(0xE000, 0xF8F0, 16):
        if not any(chr(code) in text or f"\\u{code:04x}" in text for code in range(block, block + 11)):
            return block
    raise TemplateError("The conversation uses characters of every private-use block; remove them from the data.")
