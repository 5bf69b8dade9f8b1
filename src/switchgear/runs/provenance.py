"""What a run came from: versions, commit, machine, time and memory."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from switchgear.runs.files import read_json, write_json
from switchgear.runs.folder import Run

RECORDED_PACKAGES = (
    "switchgear",
    "torch",
    "transformers",
    "peft",
    "inspect-ai",
    "inspect-evals",
    "tokenizers",
    "scipy",
)


def environment() -> dict[str, Any]:
    """Versions, commit and machine, for the provenance of a run."""
    versions: dict[str, str | None] = {}
    for name in RECORDED_PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions,
        "git_commit": _git_commit(),
    }


def first_process() -> bool:
    """Whether this is the process that writes and prints: the only one, or the first that `torchrun` started."""
    return os.environ.get("RANK", "0") == "0"


def record(run: Run, **values: Any) -> None:
    """Adds values to the run's provenance; dictionaries are merged into those that are there."""
    if not first_process():
        return
    known = read_json(run.provenance) if run.provenance.exists() else environment()
    for name, value in values.items():
        known[name] = {**known.get(name, {}), **value} if isinstance(value, dict) else value
    write_json(run.provenance, known)


def peak_memory() -> int | None:
    """Largest resident size of this process so far, in bytes. None on Windows, which does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else kilobytes * 1024


def _git_commit() -> str | None:
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
