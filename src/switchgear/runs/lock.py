"""One process at a time works in a run folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from switchgear.errors import RunError
from switchgear.runs.folder import Run
from switchgear.runs.provenance import first_process


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Holds the folder for this process, and those that `torchrun` started with it. The system lets go of a dead one's.

    Raises:
        RunError: another process works there.
    """
    if sys.platform == "win32" or not first_process():
        yield
        return
    with _opened(run) as file:
        _lock(file, run)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _opened(run: Run) -> IO[str]:
    try:
        run.root.mkdir(parents=True, exist_ok=True)
        return (run.root / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"{run.root} could not be written ({error.strerror}). Choose another folder with run=..."
        ) from error


def _lock(file: IO[str], run: Run) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        raise RunError(
            f"{run.root} is in use by process {file.read() or 'unknown'}. Wait for it, or choose another folder with "
            "run=..."
        ) from error
    except OSError:
        return  # a file system without locks: two runs in one folder are then the user's to avoid
