"""What the stages left in a run folder. Reads files only; what a stage did not write is empty."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from switchgear.errors import DataError
from switchgear.runs import Run, read_json, read_models
from switchgear.schema import Example

Record = dict[str, Any]


@dataclass(frozen=True)
class Folder:
    """The content of a run's files, each read when it is first asked for.

    Raises `DataError` for a damaged file; it names the file and the line, never the text. Raises `RunError` where there
    is nothing to report on at all.
    """

    run: Run

    def __post_init__(self) -> None:
        run = self.run
        if not any(path.exists() for path in (run.recipe, run.dataset, run.metrics, run.gates, run.summary)):
            run.need(run.recipe, "run")

    @property
    def name(self) -> str:
        return self.run.root.resolve().name

    @cached_property
    def recipe_text(self) -> str:
        return self.run.recipe.read_text(encoding="utf-8") if self.run.recipe.exists() else ""

    @cached_property
    def recipe(self) -> Record:
        try:
            return dict(yaml.safe_load(self.recipe_text) or {})
        except (yaml.YAMLError, TypeError, ValueError) as error:
            raise DataError(f"{self.run.recipe} is not a recipe ({type(error).__name__}).") from error

    @property
    def model(self) -> str:
        """Its name; of one in a folder, the folder's."""
        return Path(str((self.recipe.get("model") or {}).get("name", "model"))).name

    @cached_property
    def summary(self) -> Record:
        return _object(self.run.summary)

    @cached_property
    def rows(self) -> list[Record]:
        return _lines(self.run.rows)

    @cached_property
    def attacked(self) -> list[Record]:
        """The answers under attacks that search: one line per attempt."""
        return _lines(self.run.attacks)

    @cached_property
    def metrics(self) -> list[Record]:
        return _lines(self.run.metrics)

    @cached_property
    def gates(self) -> list[Record]:
        return list(read_json(self.run.gates)) if self.run.gates.exists() else []

    @cached_property
    def card(self) -> Record:
        return _object(self.run.dataset / "card.json")

    @cached_property
    def provenance(self) -> Record:
        return _object(self.run.provenance)

    @cached_property
    def judged(self) -> Record:
        return _object(self.run.evaluation / "judged.json")

    @cached_property
    def verdicts(self) -> list[Record]:
        return _lines(self.run.evaluation / "verdicts.jsonl")

    @property
    def calibrations(self) -> list[Record]:
        return list(self.summary.get("calibration") or [])

    @cached_property
    def examples(self) -> list[Example]:
        path = self.run.dataset / "holdout.jsonl"
        return list(read_models(path, Example)) if path.exists() else []


def _object(path: Path) -> Record:
    value = read_json(path) if path.exists() else {}
    if not isinstance(value, dict):
        raise DataError(f"{path} holds a {type(value).__name__}, not an object. Run the stage that writes it again.")
    return value


def _lines(path: Path) -> list[Record]:
    """The objects of a JSONL file, none if there is no file."""
    if not path.exists():
        return []
    found = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                found.append(dict(json.loads(line)))
            except (ValueError, TypeError) as error:
                raise DataError(f"{path}:{number} is not a JSON object. Run the stage that writes it again.") from error
    return found
