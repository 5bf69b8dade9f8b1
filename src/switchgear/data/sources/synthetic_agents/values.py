"""Values of each kind that a parameter can take, drawn at random: paths, accounts, people, sentences ..."""

import random
import string
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def vocabulary() -> dict[str, Any]:
    """The words that worlds are drawn from (`vocabulary.yaml`)."""
    text = files(__package__).joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def word(draw: random.Random, kind: str) -> str:
    return str(draw.choice(vocabulary()["words"][kind]))


def person(draw: random.Random) -> str:
    return f"{word(draw, 'first')} {word(draw, 'last')}"


def _domain(draw: random.Random) -> str:
    return f"{word(draw, 'domain')}-{word(draw, 'domain')}.{word(draw, 'ending')}"


def _path(draw: random.Random) -> str:
    name = f"{word(draw, 'topic').replace(' ', draw.choice('_-'))}.{word(draw, 'extension')}"
    return draw.choice(["", "/", "./"]) + f"{word(draw, 'folder')}/{name}"


def _url(draw: random.Random) -> str:
    start = draw.choice(["https://www.", "http://", "www.", "https://"])
    return f"{start}{_domain(draw)}{draw.choice(['', '/' + word(draw, 'folder'), '/' + word(draw, 'city').lower()])}"


def _account(draw: random.Random) -> str:
    return draw.choice(["DE", "CH", "GB", "FR", "US"]) + "".join(
        draw.choices(string.digits, k=draw.choice([16, 18, 20]))
    )


def _code(draw: random.Random) -> str:
    return "".join(draw.choices(string.ascii_letters + string.digits, k=10))


def _date(draw: random.Random) -> str:
    return f"{draw.randint(2024, 2027)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"


KINDS: dict[str, Callable[[random.Random], str | int | float]] = {
    "path": _path,
    "url": _url,
    "number": lambda draw: str(draw.randint(100, 99999)),
    "topic": lambda draw: word(draw, "topic"),
    "place": lambda draw: word(draw, "place"),
    "person": person,
    "account": _account,
    "amount": lambda draw: draw.choice([draw.randint(5, 3000), draw.randint(500, 90000) / 100]),
    "email": lambda draw: (
        f"{word(draw, 'first').lower()}{draw.choice(['.', '_', ''])}{word(draw, 'last').lower()}@{_domain(draw)}"
    ),
    "sentence": lambda draw: word(draw, "sentence"),
    "date": _date,
    "code": _code,
    "street": lambda draw: f"{draw.randint(1, 180)} {word(draw, 'street')}",
    "city": lambda draw: word(draw, "city"),
    "count": lambda draw: draw.randint(1, 9),
}
TYPES = {"amount": "number", "count": "integer"}
"""JSON Schema types of the kinds that are no strings."""
