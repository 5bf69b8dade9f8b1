"""The Inspect tasks of a recipe, put to the frozen and the adapted model of a run: its logs, rates and differences.

Logs stay in the run folder. The same call goes on where it was cut off, sample by sample (Inspect's `eval_set`). Logs
of another adapter are left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set, task_with
from inspect_ai.log import EvalLog, EvalSpec, read_eval_log
from inspect_ai.model import Model, get_model
from rich.console import Console

from switchgear.errors import DataError, RecipeError, unknown
from switchgear.evaluation.inspect import logs
from switchgear.evaluation.inspect.agentdojo import SUITES, agentdojo
from switchgear.evaluation.inspect.answers import chat_harm, over_refusal
from switchgear.evaluation.inspect.asking import NothingHeldOutError
from switchgear.evaluation.inspect.tool_use import tool_use
from switchgear.evaluation.rows import MODELS
from switchgear.recipe import Recipe, TaskRecipe
from switchgear.runs import Run, replacing_folder, sha256

Line = dict[str, Any]
TASKS: Mapping[str, Callable[..., Task]] = {
    "agentdojo": agentdojo,
    "chat_harm": chat_harm,
    "over_refusal": over_refusal,
    "tool_use": tool_use,
}
JUDGED = ("chat_harm", "over_refusal")


@dataclass(frozen=True)
class Plan:
    """Tasks that are to be run, and a line (`name`, `why`) for each that cannot be."""

    tasks: tuple[Task, ...]
    skipped: tuple[Line, ...]


def plan(recipe: Recipe, run: Run) -> Plan:
    """The tasks of `recipe.evaluate.tasks`, with their samples. One without data is skipped.

    Raises:
        RecipeError: a task or an option that there is not.
        DataError: a source in `evaluate.sources` whose files are missing or damaged.
    """
    tasks, skipped = [], []
    for each in recipe.evaluate.tasks:
        try:
            built = _built(each, recipe, run)
        except NothingHeldOutError as error:
            skipped.append({"name": each.title, "why": str(error)})
        else:
            tasks.append(task_with(built, metadata={**(built.metadata or {}), "title": each.title}))
    return Plan(tuple(tasks), tuple(skipped))


def battery(planned: Plan, run: Run, console: Console) -> dict[str, list[Line]]:
    """Runs the tasks, and returns the summary's `tasks`, `task_differences` and `skipped`.

    A task that fails or is stopped stands in `skipped`, beside the rates over what it finished; the others go on.
    """
    told = _run(planned.tasks, run, console)
    rates: list[Line] = []
    differences: list[Line] = []
    skipped = list(planned.skipped)
    for title in (title for title in map(_title, planned.tasks) if title in told):
        pair: dict[str, EvalLog] = {model: told[title][model] for model in MODELS if model in told[title]}
        finished = {model: log for model, log in pair.items() if log.samples}
        rates += [
            {**line, "task": title, "model": model} for model, log in finished.items() for line in logs.rates(log)
        ]
        differences += [{"task": title, **line} for line in _compared(finished)]
        skipped += [
            {"name": f"{title}, {model}", "why": f"Stopped before its end ({log.status}); rates are over the rest."}
            for model, log in pair.items()
            if log.status != "success"
        ]
    return {"tasks": rates, "task_differences": differences, "skipped": skipped}


def log_folder(run: Run) -> Path:
    """Of the adapter that is there now."""
    return run.evaluation / "inspect" / sha256(run.adapter / "adapter_model.safetensors")[:12]


def bundle(run: Run) -> Path:
    """Inspect's viewer with the run's logs, as files for a web server; returns their folder.

    Raises:
        RunError: no logs.
    """
    from inspect_ai.log import bundle_log_dir

    run.need(run.evaluation / "inspect", "evaluate --suite standard")
    folder = run.root / "logs"
    with replacing_folder(folder) as fresh:
        bundle_log_dir(str(run.evaluation / "inspect"), str(fresh), overwrite=True)
    return folder


def _built(each: TaskRecipe, recipe: Recipe, run: Run) -> Task:
    if each.name not in TASKS:
        raise RecipeError(unknown("task", each.name, TASKS))
    given: dict[str, Any] = {} if each.name == "agentdojo" else {"run": str(run.root)}
    if each.name == "agentdojo":
        given = {"suite": next((s for s in recipe.data.holdout.get("suite", ()) if s in SUITES), SUITES[0])}
    if each.name in JUDGED and recipe.evaluate.judges:
        given["judge"] = recipe.evaluate.judges[0].model_dump(mode="json", exclude_defaults=True)
    try:
        return TASKS[each.name](**{**given, **each.options})
    except TypeError as error:
        raise RecipeError(f"evaluate.tasks: {each.title} does not fit the task: {error}.") from error


def _run(tasks: Sequence[Task], run: Run, console: Console) -> dict[str, dict[str, EvalLog]]:
    """Logs by title and model."""
    if not tasks:
        return {}
    _, told = eval_set(
        list(tasks),
        str(log_folder(run)),
        model=_models(run),
        retry_attempts=0,
        retry_immediate=False,
        log_dir_allow_dirty=True,  # of another suite
        display="rich" if console.is_terminal else "none",
        max_tasks=1,
        log_buffer=1,
        ctl_server=False,
    )
    if any(log.status == "cancelled" for log in told):
        raise KeyboardInterrupt  # which Inspect has caught; the same command goes on
    found: dict[str, dict[str, EvalLog]] = {}
    for log in told:
        model = "frozen" if log.eval.model_args.get("adapter") == "off" else "adapted"
        whole = read_eval_log(log.location)
        found.setdefault(_title(whole.eval), {})[model] = whole
    return found


def _title(of: Task | EvalSpec) -> str:
    return str((of.metadata or {})["title"])


def _models(run: Run) -> list[Model]:
    """Frozen and adapted, of one engine. Logs are found again by these arguments."""
    return [get_model(f"switchgear/{run.root}", adapter=state, memoize=False) for state in ("off", "on")]


def _compared(finished: Mapping[str, EvalLog]) -> list[Line]:
    """Nothing if there is no sample that both tell something of: the rates say so."""
    if len(finished) < len(MODELS):
        return []
    try:
        return logs.compared(finished["frozen"], finished["adapted"])
    except DataError:
        return []
