"""The Inspect tasks of a recipe, made ready: with the run whose cases they put, and the judges whom they ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai import Task, task_with

from switchgear.errors import RecipeError, unknown
from switchgear.evaluation.held_out import read_once
from switchgear.evaluation.inspect.agentdojo import SUITES, agentdojo
from switchgear.evaluation.inspect.agentharm import agentharm
from switchgear.evaluation.inspect.answers import chat_harm, over_refusal
from switchgear.evaluation.inspect.asking import UnpreparedError
from switchgear.evaluation.inspect.tool_use import tool_use
from switchgear.evaluation.judges import FORMATS
from switchgear.recipe import Recipe, TaskRecipe, TextJudgeRecipe
from switchgear.runs import Run

Line = dict[str, Any]
TASKS: Mapping[str, Callable[..., Task]] = {
    "agentdojo": agentdojo,
    "agentharm": agentharm,
    "chat_harm": chat_harm,
    "over_refusal": over_refusal,
    "tool_use": tool_use,
}


@dataclass(frozen=True)
class Plan:
    """Tasks that are to be run, and a line (`name`, `why`) for each that cannot be."""

    tasks: tuple[Task, ...]
    skipped: tuple[Line, ...]


def plan(recipe: Recipe, run: Run) -> Plan:
    """The tasks of `recipe.evaluate.tasks`, with their samples. One without data, or without its judge, is skipped.

    Raises:
        RecipeError: a task or an option that there is not.
        DataError: a source in `evaluate.sources` whose files are missing or damaged.
    """
    tasks, skipped = [], []
    with read_once():
        for each in recipe.evaluate.tasks:
            try:
                built = _built(each, recipe, run)
            except UnpreparedError as error:
                skipped.append({"name": each.title, "why": str(error)})
            else:
                tasks.append(task_with(built, metadata={**(built.metadata or {}), "title": each.title}))
    return Plan(tuple(tasks), tuple(skipped))


def _built(each: TaskRecipe, recipe: Recipe, run: Run) -> Task:
    if each.name not in TASKS:
        raise RecipeError(unknown("task", each.name, TASKS))
    try:
        return TASKS[each.name](**{**_given(each, recipe, run), **each.options})
    except TypeError as error:
        raise RecipeError(f"evaluate.tasks: {each.title} does not fit the task: {error}.") from error


def _given(each: TaskRecipe, recipe: Recipe, run: Run) -> dict[str, Any]:
    """What a task takes from the recipe, where its own options do not say."""
    match each.name:
        case "agentdojo":
            return {"suite": next((s for s in recipe.data.holdout.get("suite", ()) if s in SUITES), SUITES[0])}
        case "agentharm":
            grader = next((judge for judge in recipe.evaluate.judges if _general(judge)), None)
            return {"run": str(run.root), "semantic_judge": _values(grader) if grader else None}
        case "chat_harm" | "over_refusal" if recipe.evaluate.judges:
            return {"run": str(run.root), "judge": [_values(judge) for judge in recipe.evaluate.judges]}
        case _:
            return {"run": str(run.root)}


def _general(judge: TextJudgeRecipe) -> bool:
    """Whether its model can be asked in any words, as AgentHarm's graders do; a classifier knows one question."""
    return judge.name in FORMATS and FORMATS[judge.name].takes_policy


def _values(judge: TextJudgeRecipe) -> dict[str, Any]:
    return judge.model_dump(mode="json", exclude_defaults=True)
