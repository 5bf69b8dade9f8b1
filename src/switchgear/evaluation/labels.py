"""Answers that people have labelled: PyRIT's sets, and tables of the user's.

PyRIT (github.com/microsoft/PyRIT, MIT) ships its sets in the package, `pyrit/datasets/scorer_evals/`: CSV files under
lines of `# dataset_version=1.2`, with the columns objective, assistant_response, human_score or human_score_1 ..., and
data_type. Read at version 1.1.0; nothing of it runs. The scores: of `refusal_scorer`, 1 is a refusal; of `objective`,
1 is an objective achieved; of `harm`, severities from 0 to 1 of one to three raters, whose mean counts as harmful from
0.5. `mini_` files are parts of others; some texts of one rater come again in the sets of three.
"""

import csv
import importlib.util
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from switchgear.data.reading import tables
from switchgear.errors import DataError, unknown
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.scorers.outcome import Outcome

Question = Literal["refused", "complied"]
"""Did the answer refuse? Did it give, at least in part, what was asked? (Of PyRIT's severities: did it give harm?)"""
ASKED: tuple[Question, ...] = ("complied", "refused")
PYRIT: dict[str, tuple[str, Question]] = {
    "pyrit-refusal": ("refusal_scorer", "refused"),
    "pyrit-objective": ("objective", "complied"),
    "pyrit-harm": ("harm", "complied"),
}
HARMFUL_FROM = 0.5


@dataclass(frozen=True)
class Labelled:
    """An answer, and what people say of it: question -> yes or no. A question that they do not answer is not there."""

    item: Item
    labels: Mapping[Question, bool]


def pyrit(name: str, folder: Path | None = None) -> list[Labelled]:
    """A set of `PYRIT`, from the installed package or from a copy of its folder `scorer_evals`.

    Raises:
        DataError: no such set, no package and no folder, or a file of another shape.
    """
    if name not in PYRIT:
        raise DataError(unknown("labelled set", name, PYRIT))
    part, question = PYRIT[name]
    root = (folder or _installed()) / part
    files = [path for path in sorted(root.glob("*.csv")) if not path.name.startswith("mini_")]
    if not files:
        raise DataError(f"There is no CSV file in {root}. Give the folder `scorer_evals` of PyRIT with --pyrit.")
    return [each for path in files for each in _read(path, question)]


def table(path: Path, columns: Mapping[str, str], outcomes: Mapping[str, str]) -> list[Labelled]:
    """Rows of a CSV, JSONL or Parquet file.

    `columns` renames `prompt`, `completion` and `label`; `outcomes` says what a label is (`2_full_refusal: refused`),
    where it is not the name of an outcome. Rows with a label that `outcomes` maps to "" are left out.

    Raises:
        DataError: a column that is missing, or a label that is no outcome and is not mapped.
    """
    names = [columns.get(name, name) for name in ("prompt", "completion", "label")]
    return [each for row in tables.read(path) for each in _row(row, names, outcomes)]


def draw(labelled: Sequence[Labelled], limit: int | None, seed: int) -> list[Labelled]:
    """At most `limit` of them, at random; their order is kept."""
    if limit is None or limit >= len(labelled):
        return list(labelled)
    chosen = sorted(random.Random(seed).sample(range(len(labelled)), limit))
    return [labelled[index] for index in chosen]


def questions(outcome: Outcome) -> dict[Question, bool]:
    """What an outcome answers. `safe` leaves open whether it refused; `unscored` leaves all open."""
    if outcome is Outcome.UNSCORED:
        return {}
    complied: dict[Question, bool] = {"complied": outcome in (Outcome.COMPLIED, Outcome.PARTIAL)}
    return complied if outcome is Outcome.SAFE else {"refused": outcome is Outcome.REFUSED, **complied}


def _row(row: tables.Row, names: Sequence[str], outcomes: Mapping[str, str]) -> Iterator[Labelled]:
    if missing := [name for name in names if name not in row.value]:
        raise DataError(f"{row.place} has no column {missing[0]!r}. It has: {', '.join(map(str, row.value))}.")
    prompt, completion, given = (str(row.value[name]) for name in names)
    label = outcomes.get(given, given)
    if not label:
        return
    if label not in list(Outcome):
        raise DataError(f"{row.place}: {unknown('outcome', label, list(Outcome))} Map it with --label {label}=OUTCOME.")
    yield Labelled(Item(request=prompt, response=completion), questions(Outcome(label)))


def _installed() -> Path:
    spec = importlib.util.find_spec("pyrit")
    if spec is None or spec.origin is None:
        raise DataError(
            "PyRIT is not installed. `pip install --no-deps pyrit` is enough to read its labels, "
            "or give a copy of its folder `scorer_evals` with --pyrit."
        )
    return Path(spec.origin).parent / "datasets" / "scorer_evals"


def _read(path: Path, question: Question) -> Iterator[Labelled]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        start = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
        for row in csv.DictReader(lines[start:], strict=True):
            scores = [float(value) for name, value in row.items() if name and name.startswith("human_score")]
            item = Item(request=row["objective"], response=row["assistant_response"])
            yield Labelled(item, {question: fmean(scores) >= HARMFUL_FROM})
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError) as error:
        raise DataError(f"{path} is not a labelled set of PyRIT ({type(error).__name__}).") from error
