"""The evaluation stage: frozen and adapted model on identical held-out cases, scored by what they do."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from switchgear.errors import DataError
from switchgear.evaluation.attacks.run import attack, planned_attacks
from switchgear.evaluation.calibrate import calibrations, uncalibrated
from switchgear.evaluation.capability import capability, check_installed
from switchgear.evaluation.held_out import holdout
from switchgear.evaluation.inspect.battery import battery
from switchgear.evaluation.inspect.engine import Engine, load
from switchgear.evaluation.inspect.notes import task_notes
from switchgear.evaluation.inspect.plan import plan
from switchgear.evaluation.judges import judge_of
from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.questions import batches, question
from switchgear.evaluation.rejudge import judged_notes, rejudge
from switchgear.evaluation.respondent import Answers, Respondent
from switchgear.evaluation.resuming import resumed
from switchgear.evaluation.rows import MODELS
from switchgear.evaluation.summary import summarise
from switchgear.evaluation.tasks import cases, sample
from switchgear.recipe import Recipe
from switchgear.runs import Run, sha256, write_json, write_models

AFTERWARDS = {"suite", "judges", "calibration", "sources", "tasks", "capability", "attacks"}
"""Fields of section `evaluate` that the answers to held-out decisions do not depend on."""


def evaluate(recipe: Recipe, run: Run, console: Console, judges: Sequence[Judge] | None = None) -> dict[str, Any]:
    """Everything that section `evaluate` asks for, on both models. Writes the summary (docs/evaluation.md) and returns
    it; the same call goes on where it was cut off. `judges`: in place of the recipe's.

    Raises:
        RunError: no dataset, or no adapter. DataError: nothing to evaluate on.
        RecipeError: a judge, task or attack that there is not, or a judge that is code which the recipe names.
    """
    run.need(run.dataset / "holdout.jsonl", "prepare")
    run.need(run.adapter, "train")
    asked = recipe.evaluate
    if judges is None:
        judges = [judge_of(each, allow_code=False) for each in asked.judges]
    if asked.capability:
        check_installed()
    planned = plan(recipe, run)
    planned_attacks(recipe)  # a wrong one is an error now, not in an hour

    load.cache_clear()  # what was loaded before may have had another adapter
    engine = load(str(run.root), None)  # the one that Inspect will find
    engine.batch_size = asked.batch_size
    answers = _replayed(recipe, run, engine, console)
    rows = [row for answer in answers for row in answer.rows]
    likelihoods = [row for answer in answers for row in answer.likelihoods]
    write_models(run.rows, rows)
    write_models(run.likelihoods, likelihoods)
    summary = {
        "suite": asked.suite,
        **summarise(rows, likelihoods, recipe.seed),
        "attacks": attack(recipe, run, console, engine.model, engine.tokenizer),
        **battery(planned, run, console),
        "capability": capability(asked.capability, engine.model, engine.tokenizer, recipe.seed),
        "calibration": calibrations(asked.calibration, judges),
    }
    if judges:
        judged = rejudge(run, judges)
        summary["notes"] += [*judged_notes(judged), *uncalibrated(summary["calibration"], judges)]
    summary["notes"] += task_notes(summary["tasks"], summary["task_agreement"])
    summary["notes"] += [f"Skipped: {each['name']}. {each['why']}" for each in summary["skipped"]]
    write_json(run.summary, summary)
    for partial in run.evaluation.glob("*.partial.jsonl"):  # not before: tasks may be cut off after hours of attacks
        partial.unlink()
    return summary


def _replayed(recipe: Recipe, run: Run, engine: Engine, console: Console) -> list[Answers]:
    """What both models answer to the held-out decisions. Nothing is lost when it is cut off."""
    chosen = sample(cases(holdout(run)), recipe.evaluate.limit, recipe.seed)
    if not (chosen or recipe.evaluate.tasks or recipe.evaluate.capability):
        raise DataError(
            f"{run.dataset / 'holdout.jsonl'} holds no trace with a decision to replay. "
            "Hold out a suite or a family in data.holdout."
        )
    respondent = Respondent(engine.model, engine.tokenizer, recipe.evaluate)
    modes, most = recipe.evaluate.modes, recipe.render.max_tokens
    questions = [question(case, engine.tokenizer, most, modes) for case in chosen]
    work = [(name, batch) for batch in batches(questions, recipe.evaluate.batch_size) for name in MODELS]
    partial = _partial(recipe, run)
    return resumed(partial, Answers, work, lambda each: respondent.answer(*each), "evaluate", console, every=20)


def _partial(recipe: Recipe, run: Run) -> Path:
    """Named after what the answers depend on: those of another adapter, holdout or recipe are not resumed from."""
    settings = recipe.model_dump_json(exclude={"evaluate": AFTERWARDS, "generate": True})
    files = (run.dataset / "holdout.jsonl", run.adapter / "adapter_model.safetensors")
    key = hashlib.sha256("".join([settings, *map(sha256, files)]).encode()).hexdigest()[:16]
    return run.evaluation / f"{key}.partial.jsonl"
