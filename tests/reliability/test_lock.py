"""Two processes in one run folder would write over each other: the second is refused."""

import os
import signal
import time
from pathlib import Path

import pytest

from switchgear.errors import RunError
from switchgear.runs import Run, locked


def held_by_another(run: Run) -> int:
    """A process that holds the folder until it is killed."""
    if child := os.fork():
        while not (run.root / ".lock").exists() or not (run.root / ".lock").read_text():
            time.sleep(0.01)
        return child
    with locked(run):
        time.sleep(60)
    os._exit(0)


def test_the_second_is_refused_with_the_process_that_is_there(tmp_path: Path):
    run = Run(tmp_path / "run")
    child = held_by_another(run)
    try:
        with pytest.raises(RunError, match=rf"in use by process {child}.*run="), locked(run):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with locked(run):  # the system let go of what the dead one held
        pass


def test_the_folder_is_free_again_after_an_error(tmp_path: Path):
    run = Run(tmp_path / "run")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), locked(run):
            raise ZeroDivisionError


def test_other_processes_of_torchrun_work_beside_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = Run(tmp_path / "run")
    with locked(run):
        monkeypatch.setenv("RANK", "1")
        with locked(run):
            pass


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "run").touch()
    with pytest.raises(RunError, match="could not be written"), locked(Run(tmp_path / "run")):
        pass
