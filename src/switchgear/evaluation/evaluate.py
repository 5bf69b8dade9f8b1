"""The evaluation stage: frozen and adapted model on identical held-out cases, scored by what they do."""

from collections.abc import Sequence
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
from switchgear.evaluation.inspect.plan import Plan, plan
from switchgear.evaluation.judges import judge_of
from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.questions import batches, question
from switchgear.evaluation.rejudge import judged_notes, rejudge
from switchgear.evaluation.respondent import Answers, Respondent
from switchgear.evaluation.rows import MODELS
from switchgear.evaluation.stored import Found, key, partial, stored
from switchgear.evaluation.summary import summarise
from switchgear.evaluation.tasks import cases, sample
from switchgear.recipe import Recipe
from switchgear.runs import Run, resumed, write_json, write_models


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

    found = stored(recipe, run, planned)
    if found:
        told = f"evaluate: all {len(found.rows)} answers are there, recounted. Delete {run.evaluation} to ask anew."
        console.print(told, markup=False, highlight=False)
    else:
        found = _asked(recipe, run, planned, console)
    summary = {
        "suite": asked.suite,
        **summarise(found.rows, found.likelihoods, recipe.seed),
        **found.told,
        "calibration": calibrations(asked.calibration, judges),
    }
    if judges:
        judged = rejudge(run, judges)
        summary["notes"] += [*judged_notes(judged), *uncalibrated(summary["calibration"], judges)]
    summary["notes"] += task_notes(summary["tasks"], summary["task_agreement"])
    summary["notes"] += [f"Skipped: {each['name']}. {each['why']}" for each in summary["skipped"]]
    write_json(run.summary, summary)
    for unfinished in run.evaluation.glob("*.partial.jsonl"):  # not before: tasks may be cut off after hours of attacks
        unfinished.unlink()
    return summary


def _asked(recipe: Recipe, run: Run, planned: Plan, console: Console) -> Found:
    """Everything that needs the model. Rows are written at once, for what comes afterwards may be cut off."""
    load.cache_clear()  # what was loaded before may have had another adapter
    engine = load(str(run.root), None)  # the one that Inspect will find
    engine.batch_size = recipe.evaluate.batch_size
    answers = _replayed(recipe, run, engine, console)
    rows = [row for answer in answers for row in answer.rows]
    likelihoods = [row for answer in answers for row in answer.likelihoods]
    write_models(run.rows, rows)
    write_models(run.likelihoods, likelihoods)
    told = {
        "attacks": attack(recipe, run, console, engine.model, engine.tokenizer),
        **battery(planned, run, console),
        "capability": capability(recipe.evaluate.capability, engine.model, engine.tokenizer, recipe.seed),
        "key": key(recipe, run, planned.tasks),  # last: of the files that attacks have written, too
    }
    return Found(rows, likelihoods, told)


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
    partly = partial(recipe, run)
    return resumed(partly, Answers, work, lambda each: respondent.answer(*each), "evaluate", console, every=20)
