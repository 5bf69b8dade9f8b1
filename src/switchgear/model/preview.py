"""A rendered conversation for a reader: which tokens are which span, and which the loss sees."""

from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import groupby, pairwise
from typing import Any

from rich.text import Text

from switchgear.model.conversation import SpanName
from switchgear.model.render import Rendered

# the innermost span gives the colour: (terminal, light page, dark page)
COLOURS: dict[SpanName, tuple[str, str, str]] = {
    SpanName.TURN: ("cyan", "#0b6e8a", "#7fd3ea"),
    SpanName.THINKING: ("bright_black", "#5c5c5c", "#b0b0b0"),
    SpanName.TEXT: ("green", "#22703a", "#8fd6a3"),
    SpanName.TOOL_CALL: ("magenta", "#8a2f8a", "#e3a0e3"),
    SpanName.TOOL_NAME: ("bright_magenta", "#a3145f", "#ff9ac8"),
    SpanName.TOOL_ARGUMENTS: ("blue", "#2a4fb0", "#9fb8ff"),
    SpanName.TOOL_RESULT: ("yellow", "#7a5a00", "#e0c060"),
    SpanName.INJECTED: ("red", "#b3261e", "#ff8a80"),
}

STYLE = """
body{font:15px/1.6 ui-monospace,monospace;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}u{text-decoration-thickness:2px}
summary{cursor:pointer}
"""


def to_terminal(rendered: Rendered, mask: list[bool]) -> Text:
    """The conversation with a colour per span and the tokens that `mask` selects in reverse, under a legend."""
    text = Text()
    for line in _counts(rendered, mask):
        text.append(line + "\n")
    for span, (colour, _, _) in COLOURS.items():
        text.append(f" {span} ", style=colour)
    text.append(" in the loss ", style="reverse").append("\n\n")
    for piece, name, masked, _ in _pieces(rendered, mask):
        style = COLOURS[name][0] if name else "dim"
        text.append(piece, style=f"{style} reverse" if masked else style)
    return text


def to_html(rendered: Rendered, mask: list[bool], title: str) -> str:
    """One page that needs nothing else. All text is escaped; the parts in the loss are folded away, message by message.

    `mask` selects tokens of the continuation, so what is folded is what may be harmful.
    """
    legend = " ".join(f'<span class="{name}">{name}</span>' for name in COLOURS)
    counts = "".join(f"<li>{escape(line)}</li>" for line in _counts(rendered, mask))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}{_colours()}</style><h1>{escape(title)}</h1><ul>{counts}</ul>"
        f"<p>{legend} <u>in the loss</u></p>{''.join(_blocks(rendered, mask))}</html>"
    )


def to_data(rendered: Rendered, mask: list[bool]) -> dict[str, Any]:
    """The same for a page of another room: `counts` as lines of text, and `runs` of like tokens.

    A run has `span` (its innermost one, or ""), `masked` (whether the loss sees it) and `tokens`, their texts; a token
    that ends inside a character has an empty one.
    """
    names, _ = _names(rendered, mask)
    texts = [rendered.text[start:end] for start, end in pairwise([0, *rendered.ends])]
    found = groupby(zip(names, mask, texts, strict=True), key=lambda token: token[:2])
    runs = [
        {"span": name or "", "masked": masked, "tokens": [text for _, _, text in run]} for (name, masked), run in found
    ]
    return {"counts": _counts(rendered, mask), "runs": runs}


def _colours() -> str:
    light = "".join(f".{name}{{color:{colour}}}" for name, (_, colour, _) in COLOURS.items())
    dark = "".join(f".{name}{{color:{colour}}}" for name, (_, _, colour) in COLOURS.items())
    return f"{light}@media(prefers-color-scheme:dark){{body{{color:#ddd;background:#151515}}{dark}}}"


def _blocks(rendered: Rendered, mask: list[bool]) -> Iterator[str]:
    for folded, pieces in groupby(_pieces(rendered, mask), key=lambda piece: piece[3]):
        marked = "".join(
            f'<span class="{name or ""}">{"<u>" * masked}{escape(text)}{"</u>" * masked}</span>'
            for text, name, masked, _ in pieces
        )
        block = f"<pre>{marked}</pre>"
        yield f"<details><summary>continuation, message {folded}</summary>{block}</details>" if folded else block


def _pieces(rendered: Rendered, mask: list[bool]) -> Iterator[tuple[str, SpanName | None, bool, str]]:
    """Runs of like tokens: their text, innermost span, whether the loss sees them, the message to fold them under."""
    names, folds = _names(rendered, mask)
    starts = [0, *rendered.ends]
    for key, run in groupby(range(len(rendered.ids)), key=lambda token: (names[token], mask[token], folds[token])):
        tokens = list(run)
        yield rendered.text[starts[tokens[0]] : rendered.ends[tokens[-1]]], *key


def _names(rendered: Rendered, mask: list[bool]) -> tuple[list[SpanName | None], list[str]]:
    """Of each token: its innermost span, and the message to fold it under."""
    names: list[SpanName | None] = [None] * len(rendered.ids)
    folds = [""] * len(rendered.ids)
    for span in rendered.spans:  # in order of start, enclosing first: later ones are further in
        inside = slice(span.start, span.end)
        names[inside] = [span.name] * (span.end - span.start)
        if span.name is SpanName.TURN and any(mask[inside]):
            folds[inside] = [str(span.message)] * (span.end - span.start)
    return names, folds


def _counts(rendered: Rendered, mask: list[bool]) -> list[str]:
    tokens = Counter[str]()
    for span in rendered.spans:
        tokens[span.name] += span.end - span.start
    lines = [f"{len(rendered.ids)} tokens, {sum(mask)} in the loss"]
    lines += [f"{name}: {tokens[name]} tokens" for name in COLOURS if tokens[name]]
    if rendered.cut.tokens:
        lines.append(f"left out: {rendered.cut.tokens} tokens, {rendered.cut.continuation} of them of the continuation")
    if rendered.unwritten_thinking:
        messages = ", ".join(map(str, rendered.unwritten_thinking))
        lines.append(f"left out by the template: the thinking of messages {messages}")
    return lines
