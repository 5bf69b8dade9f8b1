"""How numbers and hostile text are written on the page. What is not a finite number is `no data`, never a 0."""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, TypeGuard

# Controls, bidirectional overrides, zero-width characters, tag characters and lone surrogates: an attacker hides text
# or reorders a line with them, and the page must show what the model read.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
NO_DATA = "no data"
NO_BREAK = "\u00a0"


def visible(text: str) -> str:
    """`text` with each character that hides or reorders text written out as `⟨U+202E⟩`."""
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: object) -> str:
    """Three significant digits."""
    if not is_number(value):
        return NO_DATA
    return f"{value:,.0f}".replace("-", "−") if abs(value) >= 1000 else f"{value:.3g}".replace("-", "−")


def signed(value: object) -> str:
    """Two decimals and always a sign."""
    return f"{value:+.2f}".replace("-", "−") if is_number(value) else NO_DATA


def percent(share: object) -> str:
    """0.942 -> `94.2%`, 1.0 -> `100%`."""
    return f"{_tenths(share)}%" if is_number(share) else NO_DATA


def points(difference: object, unit: str = " points") -> str:
    """A difference of two shares in percentage points: -0.925 -> `−92.5 points`."""
    if not is_number(difference):
        return NO_DATA
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    return f"{sign}{_tenths(abs(difference))}{unit}"


def interval(record: Mapping[str, Any] | None) -> str:
    """The 95% interval of a rate record: `0.5–5.9%`."""
    low, high = (record or {}).get("low"), (record or {}).get("high")
    return f"{_tenths(low)}–{_tenths(high)}%" if is_number(low) and is_number(high) else NO_DATA


def p_value(value: object) -> str:
    if not is_number(value):
        return ""
    return ("p < 0.001" if value < 0.001 else f"p = {value:.3f}").replace(" ", NO_BREAK)


def comparator(aim: object) -> str:
    """`>= -3 pts` -> `≥ −3 pts`."""
    return str(aim or "").replace("<=", "≤").replace(">=", "≥").replace(" -", " −")


def duration(seconds: object) -> str:
    """`8 min 51 s`."""
    if not is_number(seconds):
        return NO_DATA
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"h": hours, "min": minutes, "s": 0 if hours else rest}
    return " ".join(f"{value} {unit}" for unit, value in parts.items() if value) or "0 s"


def title(name: object) -> str:
    """`attack_success` -> `Attack success`."""
    words = str(name).replace("_", " ")
    return words[:1].upper() + words[1:]


def told_apart(paths: Sequence[Sequence[str]]) -> list[str]:
    """Paths, given as their parts, without the folders that all of them begin with."""
    folders = zip(*(path[:-1] for path in paths), strict=False)
    same = sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, folders))
    return ["/".join(path[same:]) for path in paths]


def _tenths(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
