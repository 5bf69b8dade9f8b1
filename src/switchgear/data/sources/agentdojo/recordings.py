"""Where recorded runs lie: in a JSONL export of one model, or in AgentDojo's own files, one for each run."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from switchgear.data.reading.files import document, jsonl, paths
from switchgear.recipe import SourceRecipe
from switchgear.runs import sha256


class Entry(NamedTuple):
    """One run as it was read: where (`a-model.jsonl:7`), a name for its id, its text, its value and its file's hash."""

    row: str
    name: str
    text: str
    value: Any
    revision: str


class Recording(NamedTuple):
    """The runs of one model, whose labels are judged together."""

    path: Path
    entries: list[Entry]


def recordings(recipe: SourceRecipe) -> Iterator[Recording]:
    """A folder is searched for run files (`<pipeline>/<suite>/<user task>/<attack>/<injection>.json`) at any depth; one
    without any, for exports.

    Raises:
        DataError: a file that is missing or damaged.
    """
    folder = recipe.path if recipe.path and recipe.path.is_dir() else None
    found = (sorted(folder.rglob("*.json")) if folder else []) or paths(recipe, ".jsonl")
    for path in found:
        if path.suffix != ".json":
            yield Recording(path, _export(path))
    for pipeline, files in groupby((path for path in found if path.suffix == ".json"), _pipeline):
        yield Recording(pipeline, [_run(path, pipeline) for path in files])


def _export(path: Path) -> list[Entry]:
    revision = _revision(path)
    return [
        Entry(f"{path.name}:{line.number}", f"{path.stem}/{line.number}", line.text, line.value, revision)
        for line in jsonl(path)
    ]


def _run(path: Path, pipeline: Path) -> Entry:
    name = path.relative_to(pipeline.parent).with_suffix("").as_posix()
    value = document(path)
    return Entry(f"{name}.json", name, json.dumps(value, ensure_ascii=False), value, _revision(path))


def _pipeline(path: Path) -> Path:
    """The folder of a run file's pipeline, four levels up; of a file that lies less deep, the topmost one."""
    return path.absolute().parents[min(3, len(path.absolute().parents) - 1)]


def _revision(path: Path) -> str:
    return f"sha256 {sha256(path)[:16]}"
