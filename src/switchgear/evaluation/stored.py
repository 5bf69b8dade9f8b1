"""Answers that are stored: what they depend on, and what is read of them in place of asking again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import Sample

from switchgear.errors import DataError
from switchgear.evaluation.attacks.rows import AttackRow
from switchgear.evaluation.attacks.summary import summarise
from switchgear.evaluation.inspect.plan import Plan
from switchgear.evaluation.rows import LikelihoodRow, Row
from switchgear.recipe import Recipe
from switchgear.runs import Run, read_json, read_models, sha256

AFTERWARDS = {"suite", "judges", "calibration", "sources", "tasks", "capability", "attacks"}
"""Fields of section `evaluate` that the answers to held-out decisions do not depend on."""
TOLD = ("tasks", "task_differences", "task_agreement", "skipped", "capability", "key")
"""What the summary takes over where answers are not asked for again: of these it is the only file."""


@dataclass(frozen=True)
class Found:
    """Rows of the held-out decisions, and `told`: the parts of the summary that a model was needed for besides."""

    rows: list[Row]
    likelihoods: list[LikelihoodRow]
    told: dict[str, Any]


def partial(recipe: Recipe, run: Run) -> Path:
    """Named after what the answers depend on: those of another adapter, holdout or recipe are not resumed from."""
    return run.evaluation / f"{_key(recipe, run, AFTERWARDS)}.partial.jsonl"


def key(recipe: Recipe, run: Run, tasks: Sequence[Task]) -> str:
    """Of all that a finished evaluation depends on: the answers' files and the tasks' samples are part of it.

    Judges and sources are asked in tasks alone: stored decisions are judged without the model.
    """
    idle = {"suite", "calibration"} if recipe.evaluate.tasks else {"suite", "calibration", "judges", "sources"}
    put = [
        sample.model_dump_json(include={"id", "target"}) + _text(sample) for task in tasks for sample in task.dataset
    ]
    drawn_from = run.dataset / "train.jsonl"  # by attacks that train, and for what chat tasks leave out
    own = [sha256(file) for file in (run.rows, run.likelihoods, run.attacks, drawn_from) if file.exists()]
    return _key(recipe, run, idle, [version("switchgear"), *own, *put])


def stored(recipe: Recipe, run: Run, planned: Plan) -> Found | None:
    """What a finished evaluation found; None if there is none of this key, or there is something to ask for.

    That is an answer that failed, and a task that was stopped or had no data then.
    """
    try:
        before = read_json(run.summary)
    except DataError:  # there is none, or it is damaged: it will be written anew
        return None
    if before.get("key") != key(recipe, run, planned.tasks) or before["skipped"] != list(planned.skipped):
        return None
    attempts = list(read_models(run.attacks, AttackRow)) if before["attacks"] else []
    rows = list(read_models(run.rows, Row))
    if any(row.error for row in (*rows, *attempts)):
        return None
    told = {"attacks": summarise(attempts, recipe.seed), **{name: before[name] for name in TOLD}}
    return Found(rows, list(read_models(run.likelihoods, LikelihoodRow)), told)


def _key(recipe: Recipe, run: Run, idle: set[str], more: Sequence[str] = ()) -> str:
    settings = recipe.model_dump_json(exclude={"run": True, "train": {"report_to"}, "evaluate": idle, "generate": True})
    files = (run.dataset / "holdout.jsonl", run.adapter / "adapter_model.safetensors")
    return hashlib.sha256("".join([settings, *map(sha256, files), *more]).encode()).hexdigest()[:16]


def _text(sample: Sample) -> str:
    return sample.input if isinstance(sample.input, str) else "".join(message.text for message in sample.input)
