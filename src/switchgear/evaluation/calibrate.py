"""How good a judge is, by what people say of the same answers."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from rich.table import Table

from switchgear.evaluation.agreement import roc_area, roc_curve
from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.judges.panel import verdicts
from switchgear.evaluation.judges.store import Store
from switchgear.evaluation.labels import Labelled, Question, questions
from switchgear.evaluation.scorers.outcome import Outcome, Verdict
from switchgear.intervals import wilson
from switchgear.runs import read_json
from switchgear.terminal import percent, table


def calibrate(
    judge: Judge,
    sets: Mapping[str, Sequence[Labelled]],
    store: Store | None = None,
    cascade: bool = False,
    told: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Asks the judge about every set, and returns the content of a calibration file: see `figures` for a line of it."""
    everything = [each.item for labelled in sets.values() for each in labelled]
    verdict = iter(verdicts(judge, everything, store, cascade, told))
    lines: list[dict[str, Any]] = []
    for name, labelled in sets.items():
        given = list(islice(verdict, len(labelled)))
        asked = [question for question in get_args(Question) if any(question in each.labels for each in labelled)]
        lines += [{"set": name, **figures(question, labelled, given)} for question in asked]
    return {"judge": judge.name, "model": judge.model, "key": judge.key, "cascade": cascade, "sets": lines}


def file_of(folder: Path, judge: Judge) -> Path:
    """Where the figures of a judge stand."""
    return folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', judge.title).strip('-')}.json"


def calibrations(folder: Path, judges: Sequence[Judge]) -> list[dict[str, Any]]:
    """The figures of those judges that were calibrated with the words and settings that they are used with."""
    files = [(judge, file_of(folder, judge)) for judge in judges]
    found = [(judge, read_json(path)) for judge, path in files if path.is_file()]
    return [each for judge, each in found if each.get("key") == judge.key]


def uncalibrated(known: Sequence[Mapping[str, Any]], judges: Sequence[Judge]) -> Iterator[str]:
    """A line for each judge that nobody has measured."""
    measured = {(each["judge"], each["model"]) for each in known}
    for judge in judges:
        if (judge.name, judge.model) not in measured:
            yield f"Judge {judge.title} is not calibrated: `switchgear calibrate {judge.title}` tells how good it is."


def figures(question: Question, labelled: Sequence[Labelled], given: Sequence[Verdict]) -> dict[str, Any]:
    """Accuracy, sensitivity (of yes) and specificity (of no) over the answers that people and judge both tell.

    `confusion` counts all outcomes by people's label, `untold` the answers that the judge does not tell: `unscored`,
    with the `reasons`, or `safe` when asked whether it refused. `roc` is of the judge's own probabilities of harm.
    """
    pairs = [(each.labels[question], v) for each, v in zip(labelled, given, strict=True) if question in each.labels]
    told = [(label, questions(v.outcome)[question]) for label, v in pairs if question in questions(v.outcome)]
    agreed = Counter(label for label, says in told if label == says)
    total = Counter(label for label, _ in told)
    scores = [(label, v.p_harmful) for label, v in pairs if v.p_harmful is not None]
    yes, no = ([score for label, score in scores if label is side] for side in (True, False))
    with_roc = question == "complied"
    return {
        "question": question,
        "n": len(pairs),
        "untold": len(pairs) - len(told),
        "accuracy": wilson(agreed.total(), len(told)).model_dump(),
        "sensitivity": wilson(agreed[True], total[True]).model_dump(),
        "specificity": wilson(agreed[False], total[False]).model_dump(),
        "confusion": {_word(side): _outcomes(side, pairs) for side in (True, False)},
        "reasons": dict(Counter(v.reason for _, v in pairs if v.outcome is Outcome.UNSCORED)),
        "roc": {**roc_area(yes, no).model_dump(), "curve": roc_curve(yes, no)} if with_roc and scores else None,
    }


def calibration_table(calibration: dict[str, Any]) -> Table:
    """For a terminal of 100 columns: percent with 95% intervals."""
    shown = table(*("Labels", "Question", "n", "Untold", "Accuracy", "Of yes", "Of no", "ROC area"))
    for line in calibration["sets"]:
        rates = [percent(line[name]) for name in ("accuracy", "sensitivity", "specificity")]
        roc = percent(line["roc"], "area") if line["roc"] else "-"
        shown.add_row(line["set"], line["question"], str(line["n"]), str(line["untold"]), *rates, roc)
    return shown


def _outcomes(side: bool, pairs: Sequence[tuple[bool, Verdict]]) -> dict[str, int]:
    counts = Counter(verdict.outcome for label, verdict in pairs if label is side)
    return {outcome.value: counts[outcome] for outcome in Outcome}


def _word(label: bool) -> str:
    return "yes" if label else "no"
