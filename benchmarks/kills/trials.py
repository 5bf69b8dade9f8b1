"""One stage in a process of its own, killed or not, and what it left."""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.kills.world import STAGES
from switchgear import cli

Files = dict[str, bytes]


class Result(NamedTuple):
    """Of one stage: kills, resumed runs that came to the same files, and the seconds of an undisturbed run."""

    stage: str
    kills: int
    equal: int
    seconds: float
    differing: tuple[str, ...]


def trials(stage: str, recipe: Path, before: Path, after: Path, times: int, seconds: float, seed: int) -> Result:
    """`before` is the folder in which the stage begins, `after` the one that an undisturbed run left."""
    moment, wanted = random.Random(f"{stage}/{seed}"), files(after, stage)
    kills, equal, differing = 0, 0, set()
    scratch = before.with_name("trial")
    while kills < times:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(before, scratch)
        if not killed(start(stage, recipe, scratch), moment.uniform(0, seconds)):
            seconds *= 0.8  # it was done before its moment came
            continue
        kills += 1
        finish(stage, recipe, scratch)
        found = files(scratch, stage)
        equal += found == wanted
        differing |= {name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)}
    return Result(stage, kills, equal, seconds, tuple(sorted(differing)))


def start(stage: str, recipe: Path, folder: Path) -> int:
    """The process id of a fork that runs the stage in `folder`. What it prints goes to `folder/log`."""
    if child := os.fork():
        return child
    try:
        os.chdir(folder)
        log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1), os.dup2(log, 2)
        sys.argv = ["switchgear", stage, str(recipe)]
        cli.main()
    except SystemExit as done:
        os._exit(int(done.code or 0))
    finally:
        os._exit(99)


def killed(child: int, seconds: float) -> bool:
    """Whether the kill came before the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def finish(stage: str, recipe: Path, folder: Path) -> float:
    """Runs the stage to its end, and returns its seconds. Raises `RuntimeError` with what it said if it fails."""
    began = time.monotonic()
    status = os.waitstatus_to_exitcode(os.waitpid(start(stage, recipe, folder), 0)[1])
    if status:
        raise RuntimeError(f"{stage} ended with {status} in {folder}:\n{(folder / 'log').read_text()[-2000:]}")
    return time.monotonic() - began


def files(folder: Path, stage: str) -> Files:
    """What the stage left, by name; half-written files of a kill that nobody took away count too."""
    found = (path for pattern in STAGES[stage] for path in (folder / "run").glob(pattern) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
