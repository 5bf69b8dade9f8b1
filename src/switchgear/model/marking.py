"""Where a template put each piece of text: the conversation is rendered again with invisible marks around the pieces.

Taking the marks out must give the real rendering exactly, character by character: that is what makes the places they
stood at trustworthy.
"""

import json
from dataclasses import dataclass
from typing import Any

from switchgear.errors import TemplateError
from switchgear.model.control_tokens import insert
from switchgear.model.conversation import Call, Turn
from switchgear.model.marker import Label, Marker, Place, free_block
from switchgear.model.template import Chat, apply, call_message, label
from switchgear.model.thinking import thinking_key
from switchgear.model.tool_format import ToolFormat


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
        marker = Marker(free_block(text))
        chat = self._chat(self.turns[:count], marker, trim=trim)
        return marker.take_out(apply(self.tokenizer, chat, self.tools, prompt=prompt))

    def _chat(self, turns: list[Turn], marker: Marker | None, *, trim: bool) -> Chat:
        return [self._message(turn, number, marker, trim) for number, turn in enumerate(turns)]

    def _message(self, turn: Turn, number: int, marker: Marker | None, trim: bool) -> dict[str, Any]:
        content = _marked_content(turn, number, marker, trim) if marker else turn.content
        message = {"role": turn.role, "content": content}
        if turn.calls:
            message = call_message([self._call(c, (number, i), marker) for i, c in enumerate(turn.calls)], content)
        if turn.role == "tool":
            message |= {"name": turn.name, "tool_call_id": turn.call_id}
        if turn.thinking and (key := thinking_key(self.tokenizer)):
            message[key] = marker.around(turn.thinking, ("thinking", number)) if marker else turn.thinking
        return message

    def _call(self, call: Call, at: tuple[int, int], marker: Marker | None) -> tuple[str, dict[str, Any] | str, str]:
        name, arguments = call.name, call.arguments
        if marker:
            name = marker.around(name, ("name", *at))
            arguments = marker.around_strings(arguments, at)
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
