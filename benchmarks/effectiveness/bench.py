"""One cell after the other: one dataset and one frozen model's answers for all, training and evaluation by the package.

What is finished lies as JSON in `results/MODEL/`: `frozen.json` (the cases, and what the frozen model does in them) and
`TABLE/CELL-seedN.json` (what the adapted one does, in the order of those cases). A cell whose file is there is done.
"""

import hashlib
import json
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.effectiveness.cells import DATA_SEED, Cell
from benchmarks.effectiveness.outcomes import outcomes
from switchgear import recipe as recipes
from switchgear.data.dataset.prepare import prepare
from switchgear.errors import DataError, GateError
from switchgear.evaluation.questions import Question, batches, question
from switchgear.evaluation.respondent import Respondent
from switchgear.evaluation.rows import Model
from switchgear.evaluation.tasks import cases, sample
from switchgear.model.embedded import base_name
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.recipe import Recipe
from switchgear.runs import Run, environment, read_json, read_models, replacing
from switchgear.schema import Example
from switchgear.training.sweep import figures
from switchgear.training.train import train


@dataclass(frozen=True)
class Bench:
    """`model` as a recipe names it; `work` holds run folders, and may be deleted; `results` holds the JSON."""

    model: str
    work: Path
    results: Path
    console: Console

    def run(self, cell: Cell, seed: int) -> dict[str, Any]:
        """What the cell came to: from its file, or by training and evaluating it."""
        path = self.results / cell.table / f"{cell.name}-seed{seed}.json"
        run = Run(self.work / cell.table / f"{cell.name}-seed{seed}")
        recipe = cell.recipe(self.model, run.root, seed)
        if path.exists():
            return _of_this(recipe, path)
        self._link_dataset(recipe, run)
        result = {"cell": cell.name, "table": cell.table, "seed": seed, "model": _name(recipe)}
        result |= {"overrides": cell.overrides, "recipe": _settings(recipe), **_about()}
        began = time.monotonic()
        try:
            if not train(recipe, recipes.claim(recipe), self.console):
                raise SystemExit(130)  # interrupted: the same command goes on from here
        except GateError as error:
            result["failed"] = str(error)
        else:
            result["training"] = {"seconds": round(time.monotonic() - began), **figures(run)}
            result["adapted"] = self._evaluated(recipe, run)
        _write(path, result)
        shutil.rmtree(run.checkpoints, ignore_errors=True)
        return result

    def _link_dataset(self, recipe: Recipe, run: Run) -> None:
        """One dataset for all cells that ask for the same data."""
        wanted = recipe.model_copy(update={"seed": DATA_SEED})
        key = hashlib.sha256(wanted.data.model_dump_json().encode()).hexdigest()[:12]
        shared = Run(self.work / "data" / key)
        if not shared.dataset.exists():
            prepare(wanted, shared, self.console, formats=())
        run.root.mkdir(parents=True, exist_ok=True)
        if not run.dataset.exists():
            run.dataset.symlink_to(shared.dataset.resolve(), target_is_directory=True)

    def _evaluated(self, recipe: Recipe, run: Run) -> dict[str, Any]:
        tokenizer = load_tokenizer(recipe.model)
        questions = _questions(recipe, run, tokenizer)
        respondent = Respondent(load_adapter(load_model(recipe.model), run.adapter), tokenizer, recipe.evaluate)
        path = self.results / "frozen.json"
        if not path.exists():
            frozen = self._answers(respondent, "frozen", questions)
            about = {"model": _name(recipe), "evaluate": _asked(recipe), **_about()}
            _write(path, {**about, "cases": _cases(questions), **frozen})
        elif (before := read_json(path))["cases"] != _cases(questions) or before["evaluate"] != _asked(recipe):
            raise DataError(f"{path} is about other cases than these. Delete the folder to measure everything anew.")
        return self._answers(respondent, "adapted", questions)

    def _answers(self, respondent: Respondent, name: Model, questions: list[Question]) -> dict[str, Any]:
        began = time.monotonic()
        answers = [respondent.answer(name, batch) for batch in batches(questions, respondent.recipe.batch_size)]
        found = outcomes(answers, [question.case.id for question in questions])
        return {"seconds": round(time.monotonic() - began), **found}


def _questions(recipe: Recipe, run: Run, tokenizer: Any) -> list[Question]:
    found = cases(read_models(run.dataset / "holdout.jsonl", Example))
    chosen = sample(found, recipe.evaluate.limit, DATA_SEED)
    return [question(case, tokenizer, recipe.render.max_tokens, recipe.evaluate.modes) for case in chosen]


def _cases(questions: list[Question]) -> list[dict[str, str]]:
    return [{"id": q.case.id, "kind": str(q.case.kind), "group": q.case.group} for q in questions]


def _of_this(recipe: Recipe, path: Path) -> dict[str, Any]:
    result: dict[str, Any] = read_json(path)
    if result["recipe"] != _settings(recipe):
        raise DataError(f"{path} is of another recipe than the cell has now. Delete it to measure the cell anew.")
    return result


def _name(recipe: Recipe) -> str:
    """A folder by its name: where it lies is this machine's affair."""
    name = base_name(recipe.model)
    return Path(name).name if Path(name).exists() else name


def _asked(recipe: Recipe) -> dict[str, Any]:
    return recipe.evaluate.model_dump(mode="json")


def _settings(recipe: Recipe) -> dict[str, Any]:
    """Every field of the recipe but what belongs to this machine: the folder of the run, and where the model lies."""
    return recipe.model_dump(mode="json", exclude={"run": True, "model": {"name"}, "generate": True})


def _write(path: Path, result: dict[str, Any]) -> None:
    """As JSON with each plain list on one line: a column is read, and compared, as one."""
    text = json.dumps(result, indent=1, ensure_ascii=False)
    with replacing(path) as file:
        file.write(re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n")


def _about() -> dict[str, Any]:
    here = environment()
    kept = {key: here[key] for key in ("python", "packages", "git_commit")}
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else torch.backends.cpu.get_cpu_capability()
    return {"environment": {**kept, "device": device, "threads": torch.get_num_threads()}}
