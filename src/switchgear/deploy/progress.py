"""Progress through a list of work: a bar in a terminal, a line now and then in a log."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Work = TypeVar("Work")

EVERY = 10


def steps(work: Sequence[Work], title: str, console: Console) -> Iterator[Work]:
    """`work`, one by one."""
    for number, each in enumerate(track(work, title, console=console, disable=not console.is_terminal), start=1):
        yield each
        if not console.is_terminal and number % EVERY == 0:
            console.print(f"{title}: {number} of {len(work)}")
