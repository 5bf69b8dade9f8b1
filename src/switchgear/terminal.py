"""How figures look in a terminal: tables without a frame, rates in percent with their intervals, progress."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

Work = TypeVar("Work")


def table(*columns: str) -> Table:
    """One line under the heads, nothing around."""
    return Table(*columns, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def percent(found: Mapping[str, Any], name: str = "rate") -> str:
    """The share called `name`, in percent, with its interval `low` to `high` if it has one; "-" where there is none."""
    if found[name] is None:
        return "-"
    interval = "" if found["low"] is None else f" ({100 * found['low']:.0f}, {100 * found['high']:.0f})"
    return f"{100 * found[name]:.0f}{interval}"


def steps(
    work: Sequence[Work], title: str, console: Console, done: int = 0, every: int = 10, unit: str = ""
) -> Iterator[Work]:
    """One by one, `work` without the first `done`: a bar in a terminal, a line after every so many in a log."""
    left = track(work[done:], title, console=console, disable=not console.is_terminal)
    for number, each in enumerate(left, start=done + 1):
        yield each
        if not console.is_terminal and number % every == 0:
            console.print(f"{title}: {number} of {len(work)}{unit}")
