"""The Inspect tasks of a recipe, put to the frozen and the adapted model of a run: its logs, rates and differences.

Logs stay in the run folder. The same call goes on where it was cut off, sample by sample (Inspect's `eval_set`). Logs
of another adapter are left alone.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import Model, get_model
from rich.console import Console

from switchgear.errors import DataError
from switchgear.evaluation.inspect import logs
from switchgear.evaluation.inspect.plan import Plan
from switchgear.evaluation.rows import MODELS
from switchgear.runs import Run, replacing_folder, sha256

Line = dict[str, Any]
Pair = Mapping[str, EvalLog]
"""Logs of one task by model, of those that have samples."""


def battery(planned: Plan, run: Run, console: Console) -> dict[str, list[Line]]:
    """Runs the tasks, and returns the summary's `tasks`, `task_differences`, `task_agreement` and `skipped`.

    A task that fails or is stopped stands in `skipped`, beside the rates over what it finished; the others go on.
    """
    found: dict[str, list[Line]] = {"tasks": [], "task_differences": [], "task_agreement": []}
    skipped = list(planned.skipped)
    for number, task in enumerate(planned.tasks, start=1):
        title = str((task.metadata or {})["title"])
        console.print(f"task {number} of {len(planned.tasks)}: {title}", markup=False, highlight=False)
        began = time.monotonic()
        pair = _run(task, run, console)
        console.print(f"task {number} of {len(planned.tasks)}: {time.monotonic() - began:.0f} s", highlight=False)
        skipped += [
            {"name": f"{title}, {model}", "why": f"Stopped before its end ({log.status}); rates are over the rest."}
            for model, log in pair.items()
            if log.status != "success"
        ]
        for name, lines in _told({model: log for model, log in pair.items() if log.samples}).items():
            found[name] += [{**line, "task": title} for line in lines]
    return {**found, "skipped": skipped}


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


def _run(task: Task, run: Run, console: Console) -> dict[str, EvalLog]:
    """Logs by model."""
    _, told = eval_set(
        [task],
        str(log_folder(run)),
        model=_models(run),
        retry_attempts=0,
        retry_immediate=False,
        log_dir_allow_dirty=True,  # of other tasks
        display="rich" if console.is_terminal else "none",
        max_tasks=1,
        log_buffer=1,
        ctl_server=False,
    )
    if len(told) < len(MODELS) or any(log.status == "cancelled" for log in told):
        raise KeyboardInterrupt  # which Inspect has caught, and not always told of; the same command goes on
    state = {"off": "frozen", "on": "adapted"}
    found = {state[str(log.eval.model_args["adapter"])]: read_eval_log(log.location) for log in told}
    return {model: found[model] for model in MODELS if model in found}


def _models(run: Run) -> list[Model]:
    """Frozen and adapted, of one engine. Logs are found again by these arguments."""
    return [get_model(f"switchgear/{run.root}", adapter=state, memoize=False) for state in ("off", "on")]


def _told(pair: Pair) -> dict[str, list[Line]]:
    return {
        "tasks": [{**line, "model": model} for model, log in pair.items() for line in logs.rates(log)],
        "task_differences": _compared(pair),
        "task_agreement": logs.agreement(list(pair.values())),
    }


def _compared(pair: Pair) -> list[Line]:
    """Nothing if there is no sample that both tell something of: the rates say so."""
    if len(pair) < len(MODELS):
        return []
    try:
        return logs.compared(pair["frozen"], pair["adapted"])
    except DataError:
        return []
