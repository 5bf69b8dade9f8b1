"""Answers that are stored: what they depend on, and what is read of them in place of asking again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switchgear.errors import DataError
from switchgear.evaluation.attacks.rows import AttackRow
from switchgear.evaluation.attacks.summary import summarise
from switchgear.evaluation.rows import LikelihoodRow, Row
from switchgear.recipe import Recipe
from switchgear.runs import Run, read_json, read_models, sha256

AFTERWARDS = {"suite", "judges", "calibration", "sources", "tasks", "capability", "attacks"}
"""Fields of section `evaluate` that the answers to held-out decisions do not depend on."""
TOLD = ("tasks", "task_differences", "task_agreement", "skipped", "capability")
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


def key(recipe: Recipe, run: Run) -> str:
    """Of all that a finished evaluation depends on, and of the files that its answers stand in.

    Judges and sources are asked in tasks alone: stored decisions are judged without the model.
    """
    idle = {"suite", "calibration"} if recipe.evaluate.tasks else {"suite", "calibration", "judges", "sources"}
    return _key(recipe, run, idle, run.rows, run.likelihoods, run.attacks)


def stored(recipe: Recipe, run: Run, skipped: Sequence[dict[str, Any]]) -> Found | None:
    """What a finished evaluation found; None if there is none of this key, or more can be asked now than was then.

    Args:
        skipped: what cannot be asked now. A task that was stopped, or had no data then, is not among it.
    """
    try:
        before = read_json(run.summary)
    except DataError:  # there is none, or it is damaged: it will be written anew
        return None
    if before.get("key") != key(recipe, run) or before["skipped"] != list(skipped):
        return None
    attempts = list(read_models(run.attacks, AttackRow)) if before["attacks"] else []
    told = {"attacks": summarise(attempts, recipe.seed), **{name: before[name] for name in TOLD}}
    return Found(list(read_models(run.rows, Row)), list(read_models(run.likelihoods, LikelihoodRow)), told)


def _key(recipe: Recipe, run: Run, idle: set[str], *files: Path) -> str:
    settings = recipe.model_dump_json(exclude={"run": True, "evaluate": idle, "generate": True})
    files = (run.dataset / "holdout.jsonl", run.adapter / "adapter_model.safetensors", *files)
    hashes = [sha256(file) for file in files if file.exists()]
    return hashlib.sha256("".join([settings, *hashes]).encode()).hexdigest()[:16]
