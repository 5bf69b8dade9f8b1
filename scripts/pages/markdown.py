"""Docstrings as Markdown."""

import re
from typing import Any

INDENTED = re.compile(r"(?:^(?: {4}.*)?\n)*^ {4}.*$", re.MULTILINE)
"""Lines that stand indented: what a row looks like."""
LIST = re.compile(r"^(?!- |\s)(.+\n)(?=- )", re.MULTILINE)
"""A line of text with a list right after it, which Markdown would take for more of the text."""


def docstring(value: Any) -> str:
    """What a module or function says of itself. Raises `ValueError` if it says nothing."""
    text = (getattr(value, "__doc__", None) or "").strip()
    if not text:
        raise ValueError(f"{value!r} has no docstring, so the docs would lack it.")
    return text


def markdown(text: str) -> str:
    """Indented lines become blocks of code, and lists begin after an empty line."""
    fenced = INDENTED.sub(lambda block: f"\n```text\n{_dedented(block[0])}\n```\n", text)
    return re.sub(r"\n{3,}", "\n\n", LIST.sub(r"\1\n", fenced))


def first_paragraph(text: str) -> str:
    """On one line, as a cell of a table holds it."""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def _dedented(block: str) -> str:
    return "\n".join(line[4:] for line in block.strip("\n").splitlines())
