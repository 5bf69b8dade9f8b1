"""Batches of work that can be cut off: what is done is a line of a file, from which the same call goes on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from rich.console import Console

from switchgear.runs.files import append_model, resume_models
from switchgear.terminal import steps

Batch = TypeVar("Batch")
Done = TypeVar("Done", bound=BaseModel)


def resumed(
    partial: Path,
    kind: type[Done],
    work: Sequence[Batch],
    do: Callable[[Batch], Done],
    title: str,
    console: Console,
    every: int = 1,
) -> list[Done]:
    """What `do` makes of each batch; those that `partial` has are not done again.

    Where there is no terminal for a bar, progress is a line after `every` so many batches.
    """
    done = resume_models(partial, kind)
    for batch in steps(work, title, console, len(done), every, unit=" batches"):
        done.append(do(batch))
        append_model(partial, done[-1])
    return done
