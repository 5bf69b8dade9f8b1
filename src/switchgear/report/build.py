"""One run folder in, one self-contained page out. Reads files only; a stage that left no file is shown as not run."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from switchgear.report import tables, verdict
from switchgear.report.attacks import curves, tried
from switchgear.report.cases import browser
from switchgear.report.columns import heads, lines
from switchgear.report.curves import panels, transition
from switchgear.report.folder import Folder
from switchgear.report.judges import agreement, calibration_rows, judge_tables, uncalibrated
from switchgear.report.page import render
from switchgear.report.rates import (
    category_tables,
    likelihood_reach,
    likelihood_rows,
    ordered,
    rate_tables,
    task_tables,
)
from switchgear.report.states import state_maps
from switchgear.report.tokens import token_views
from switchgear.runs import Run, replacing

View = Mapping[str, Any]


def build(run: Run, views: Sequence[View] = ()) -> Path:
    """Write `run.report`, with table.md and table.csv beside it, and return its path.

    `views` are training examples as the model reads them (`switchgear.model.preview.to_data`).

    Raises:
        RunError: nothing in the folder to report on, or the page cannot be written.
        DataError: a file of the run that is damaged; it names the file and the line, never the text.
    """
    page = contents(Folder(run), views)
    tables.write(run.root, page["lines"], page["heads"])
    with replacing(run.report) as file:
        file.write(render("report.html", page))
    return run.report


def contents(folder: Folder, views: Sequence[View] = ()) -> dict[str, Any]:
    """Everything the template shows, by name. None or empty where a stage was not run."""
    return {
        "name": folder.name,
        "facts": _facts(folder),
        "gates": folder.gates,
        "card": folder.card,
        "card_text": json.dumps(folder.card, indent=2, ensure_ascii=False),
        "recipe": folder.recipe_text,
        "provenance": folder.provenance,
        "command": _command(folder.provenance.get("command")),
        "data": _data(folder, views),
        **_figures(folder),
        **_judges(folder),
        **_training(folder),
    }


def _figures(folder: Folder) -> dict[str, Any]:
    summary = folder.summary
    answers = verdict.answers(summary)
    return {
        "summary": summary,
        "headline": verdict.headline(answers),
        "answers": answers,
        "tried": tried(folder.rows, summary) if summary else [],
        "attack_curves": curves(summary),
        "heads": heads([folder]),
        "lines": lines([folder], [f"{folder.model} (adapted)"], numbered=False),
        "rate_tables": rate_tables(summary),
        "category_tables": category_tables(summary),
        "task_tables": task_tables(summary),
        "likelihood": likelihood_rows(summary),
        "reach": likelihood_reach(summary),
    }


def _judges(folder: Folder) -> dict[str, Any]:
    return {
        "judges": judge_tables(folder.judged),
        "agreement": agreement(folder.judged),
        "calibration": calibration_rows(folder.calibrations, folder.judged),
        "uncalibrated": uncalibrated(folder.calibrations, folder.judged),
    }


def _training(folder: Folder) -> dict[str, Any]:
    metrics = folder.metrics
    return {
        "panels": panels(metrics),
        "transition": transition(metrics),
        "state_maps": state_maps(metrics),
        "metrics": metrics,
        "metric_names": ordered((name for line in metrics for name in _single(line)), ("step",)),
    }


def _single(line: Mapping[str, Any]) -> list[str]:
    return [name for name, value in line.items() if not isinstance(value, list)]


def _data(folder: Folder, views: Sequence[View]) -> dict[str, Any] | None:
    """What the page's script unfolds: all text that attackers and models wrote is in here, and nowhere else."""
    cases = browser([*folder.rows, *folder.attacked], folder.examples, folder.verdicts)
    return {**cases, "views": token_views(views)} if cases["cases"] or views else None


def _facts(folder: Folder) -> list[str]:
    """What the report is about: run, model, seed and version, those that are known."""
    known = {
        "run": folder.name,
        "model": (folder.recipe.get("model") or {}).get("name"),
        "objective": (folder.recipe.get("train") or {}).get("objective"),
        "seed": folder.recipe.get("seed"),
        "switchgear": (folder.provenance.get("packages") or {}).get("switchgear"),
    }
    return [f"{name} {value}" for name, value in known.items() if value is not None]


def _command(arguments: list[str] | None) -> str | None:
    """The command as it can be typed again: the program by its name, not by where it was installed."""
    if not arguments:
        return None
    program = Path(arguments[0])
    name = "switchgear" if program.name == "__main__.py" else program.name
    return shlex.join([name, *arguments[1:]])
