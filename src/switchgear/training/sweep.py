"""Several runs from one recipe: every combination of some values, each in a folder of its own."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.table import Table

from switchgear import terminal
from switchgear.errors import RecipeError
from switchgear.recipe import explain
from switchgear.runs import Run, read_json

COLUMNS = ("cosine harmful", "cosine benign", "drift", "KL harmful", "KL benign", "ASR free", "ASR forced")


class Sweep(BaseModel):
    """A sweep file: the recipe that all runs start from, and what they differ in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: Path
    """Relative to the sweep file."""
    run: Path
    """The folder that holds the folders of the runs."""
    grid: dict[str, list[Any]] = Field(min_length=1)
    """Field of the recipe -> its values. Every combination is a run."""
    evaluate: bool = True
    """Evaluate each run after it is trained, and write its report."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep: its name, and the overrides that make it."""

    name: str
    overrides: tuple[str, ...]
    run: Run


def load(path: Path) -> Sweep:
    """Raises `RecipeError` with the field that is wrong."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        sweep = Sweep.model_validate(values)
    except OSError as error:
        raise RecipeError(f"No sweep at {path} ({error.strerror}). recipes/sweep.yaml is a commented one.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        raise RecipeError("\n".join([f"{path} cannot be used:", *explain(error, Sweep)])) from error
    if empty := [key for key, values in sweep.grid.items() if not values]:
        raise RecipeError(f"{path}: grid.{empty[0]} has no value, so there is nothing to run.")
    return sweep.model_copy(update={"recipe": path.parent / sweep.recipe})


def points(sweep: Sweep) -> list[Point]:
    """The runs, the last field of the grid moving fastest."""
    found = []
    ends = Counter(map(_end, sweep.grid))
    for values in product(*sweep.grid.values()):
        chosen = dict(zip(sweep.grid, map(_text, values), strict=True))
        short = {key: _end(key) if ends[_end(key)] == 1 else key for key in chosen}
        name = ",".join(f"{short[key]}={_safe(value)}" for key, value in chosen.items())
        overrides = [f"{key}={value}" for key, value in chosen.items()]
        found.append(Point(name, (*overrides, f"run={sweep.run / name}"), Run(sweep.run / name)))
    if len({point.name for point in found}) < len(found):
        raise RecipeError(
            "Two runs of the sweep would share a folder: some values of the grid look alike. Give each once."
        )
    return found


def table(found: list[Point], errors: Mapping[str, str]) -> Table:
    """What each run came to, from its folder; for those that failed, why."""
    made = terminal.table("Run", *COLUMNS, "")
    for point in found:
        values = figures(point.run)
        state = errors.get(point.name, "" if point.run.adapter.exists() else "not trained")
        made.add_row(point.name, *(f"{values[each]:.3f}" if each in values else "-" for each in COLUMNS), state)
    return made


def figures(run: Run) -> dict[str, float]:
    """Last validation cosines and drift, KL at the end, attack success rates: those that are there."""
    return dict(_validation(run)) | dict(_divergences(run)) | dict(_attacks(run))


def _validation(run: Run) -> Iterator[tuple[str, float]]:
    text = run.metrics.read_text(encoding="utf-8") if run.metrics.exists() else ""
    for line in [line for line in map(json.loads, text.splitlines()) if "retain_drift" in line][-1:]:
        yield "cosine harmful", line["cosine_harmful"]
        yield "cosine benign", line["cosine_benign"]
        yield "drift", line["retain_drift"]


def _divergences(run: Run) -> Iterator[tuple[str, float]]:
    for gate in read_json(run.gates) if run.gates.exists() else ():
        for kind in ("harmful", "benign"):
            if gate["when"] == "after" and kind in gate["values"]:
                yield f"KL {kind}", gate["values"][kind]


def _attacks(run: Run) -> Iterator[tuple[str, float]]:
    for line in read_json(run.summary)["rates"] if run.summary.exists() else ():
        if line["measure"] == "attack_success" and line["model"] == "adapted" and line["rate"] is not None:
            yield f"ASR {line['mode']}", line["rate"]


def _end(key: str) -> str:
    return key.rsplit(".", 1)[-1]


def _text(value: Any) -> str:
    """As YAML on one line, so that the override is read back to the same value."""
    return yaml.safe_dump(value, default_flow_style=True, width=float("inf")).removesuffix("...\n").strip()


def _safe(value: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in value)
