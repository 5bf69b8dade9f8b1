"""A finished evaluation that is asked for again: recounted without the model, unless something that matters differs."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from switchgear.evaluation import evaluate as stage
from switchgear.evaluation.rejudge import Judged
from switchgear.evaluation.rows import Row
from switchgear.evaluation.stored import key
from switchgear.recipe import load, save
from switchgear.runs import Run, append_model, read_json, read_models, write_json, write_models
from switchgear.schema import Expectation, Message, Role, Trace
from tests.garden import example

ATTACKS = 'evaluate.attacks=[{"name": "prefill", "budget": [0, 2], "limit": 1}]'
TASKS = 'evaluate.tasks=[{"name": "over_refusal"}]'  # the garden has no prompts: it is skipped


class LoadedError(Exception):
    """The model was asked for."""


def evaluate(recipe: Path, *overrides: str) -> tuple[dict[str, Any], str]:
    """The summary, and what was said."""
    told = io.StringIO()
    loaded = load(recipe, [ATTACKS, *overrides])
    return stage.evaluate(loaded, Run(loaded.run), Console(file=told, width=300)), told.getvalue()


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Once it is called, loading a model raises."""
    return lambda: monkeypatch.setattr(stage, "load", Mock(side_effect=LoadedError, cache_clear=Mock()))


@pytest.fixture
def finished(recipe: Path, no_model: Callable[[], None]) -> Run:
    """A run that is evaluated, and whose model can no longer be loaded."""
    evaluate(recipe, TASKS)
    no_model()
    return Run(recipe.parent / "run")


def test_it_is_recounted_to_the_same_files_without_the_model(recipe: Path, finished: Run):
    before = {path: path.read_bytes() for path in finished.evaluation.iterdir()}
    summary, told = evaluate(recipe, TASKS)
    assert {path: path.read_bytes() for path in finished.evaluation.iterdir()} == before
    assert summary == read_json(finished.summary)
    assert {line["model"] for line in summary["attacks"]} == {"frozen", "adapted"}
    assert f"evaluate: all 36 answers are there, recounted. Delete {finished.evaluation} to ask anew." in told


def test_figures_are_those_of_the_rows_and_not_of_the_summary(recipe: Path, finished: Run):
    summary = read_json(finished.summary)
    write_json(finished.summary, {**summary, "rates": [], "attacks": summary["attacks"][:1]})
    assert evaluate(recipe, TASKS)[0] == summary


def test_without_tasks_another_judge_and_a_suites_name_need_no_model(recipe: Path, no_model: Callable[[], None]):
    evaluate(recipe)
    no_model()
    summary, _ = evaluate(recipe, "evaluate.judges=[{name: rules}]", "evaluate.suite=quick")
    assert summary["suite"] == "quick"
    assert len(list(read_models(recipe.parent / "run" / "evaluation" / "verdicts.jsonl", Judged))) == 36


@pytest.mark.parametrize(
    "changed",
    [
        ["evaluate.modes=[free]"],
        ["evaluate.max_new_tokens=3"],
        ["evaluate.limit=1"],
        ["evaluate.attacks=[]"],
        ["seed=8"],
        ["evaluate.judges=[{name: rules}]"],  # whom the task asks
        ["evaluate.tasks=[]"],
    ],
)
def test_under_another_recipe_everything_is_asked_anew(recipe: Path, finished: Run, changed: list[str]):
    with pytest.raises(LoadedError):
        evaluate(recipe, TASKS, *changed)


def shorten(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("dataset/holdout.jsonl", shorten),
        ("dataset/train.jsonl", shorten),
        ("adapter/adapter_model.safetensors", lambda path: path.write_bytes(path.read_bytes() + b"\0")),
        ("evaluation/rows.jsonl", shorten),
        ("evaluation/likelihoods.jsonl", Path.unlink),
        ("evaluation/attacks.jsonl", shorten),
        ("evaluation/summary.json", lambda path: path.write_text("{")),
        ("evaluation/summary.json", Path.unlink),
    ],
)
def test_where_a_file_is_another_everything_is_asked_anew(
    recipe: Path, finished: Run, name: str, damage: Callable[[Path], object]
):
    damage(finished.root / name)
    with pytest.raises(LoadedError):
        evaluate(recipe, TASKS)


def test_an_answer_that_failed_is_asked_for_again(recipe: Path, finished: Run):
    first, *others = read_models(finished.rows, Row)
    write_models(finished.rows, [first.model_copy(update={"error": "OutOfMemoryError", "action": None}), *others])
    told = key(load(recipe, [ATTACKS, TASKS]), finished, ())
    write_json(finished.summary, {**read_json(finished.summary), "key": told})
    with pytest.raises(LoadedError):
        evaluate(recipe, TASKS)


def test_where_training_reports_to_is_nothing_to_an_evaluation(recipe: Path, finished: Run):
    assert "recounted" in evaluate(recipe, TASKS, "train.report_to=[tensorboard]")[1]


def test_a_task_that_was_not_run_to_its_end_is_gone_on_with(recipe: Path, finished: Run):
    summary = json.loads(finished.summary.read_text())
    summary["skipped"].append({"name": "over_refusal, adapted", "why": "Stopped before its end (error)."})
    write_json(finished.summary, summary)
    with pytest.raises(LoadedError):
        evaluate(recipe, TASKS)


def test_what_tasks_came_to_is_kept(recipe: Path, no_model: Callable[[], None]):
    run = Run(recipe.parent / "run")
    case = example(Trace.CLEAN, "thyme").model_copy(
        update={
            "id": "request",
            "role": Role.CASE,
            "trace": None,
            "messages": (Message(role="user", content="How do I water the thyme?"),),
            "continuation": (),
            "expectation": Expectation(behaviour="comply"),
        }
    )
    append_model(run.dataset / "holdout.jsonl", case)
    task = 'evaluate.tasks=[{"name": "over_refusal", "options": {"max_tokens": 4}}]'
    save(load(recipe), run.recipe)  # where Inspect finds model and holdout
    before, _ = evaluate(recipe, task)
    no_model()
    again, told = evaluate(recipe, task)
    assert again == before
    assert {line["model"] for line in again["tasks"]} == {"frozen", "adapted"}
    assert "recounted" in told
