"""Recipes in files: read with overrides, saved whole, and a run folder claimed for one."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from switchgear.errors import RecipeError, RunError
from switchgear.recipe.overrides import override
from switchgear.recipe.problems import explain
from switchgear.recipe.sections import Recipe
from switchgear.runs import Run, first_process, record, replacing


def load(path: Path, overrides: list[str] | tuple[str, ...] = ()) -> Recipe:
    """The recipe in a YAML file with `key=value` overrides applied (`train.steps=80`, `data.sources.0.limit=50`).

    Raises:
        RecipeError: no such file, not YAML, or a field that is unknown or of the wrong type; it names the field,
            the value that was given and what is allowed.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"No recipe at {path} ({error.strerror}). The ones that ship are in recipes/.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise RecipeError(
            f"{path} holds a {type(values).__name__}; a recipe is a mapping with `run`, `model` and `data`."
        )
    for each in overrides:
        override(values, each)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError(
            "\n".join([f"{path} cannot be used:", *(f"  {line}" for line in explain(error, Recipe))])
        ) from error


def save(recipe: Recipe, path: Path) -> None:
    """Every field, defaults included, as YAML that `load` reads back to an equal recipe."""
    with replacing(path) as file:
        yaml.safe_dump(recipe.model_dump(mode="json"), file, sort_keys=False, allow_unicode=True)


def claim(recipe: Recipe) -> Run:
    """The run folder of a recipe, with the recipe and the environment written into it.

    Raises:
        RunError: the folder was begun with another recipe. Only its place, what is
            asked of models (`generate`, `evaluate`) and `train.report_to` may change.
    """
    run = Run(recipe.run)
    if run.recipe.exists():
        free: dict[str, Any] = {"run": True, "evaluate": True, "generate": True, "train": {"report_to"}}
        before, now = (_flat(each.model_dump(mode="json", exclude=free)) for each in (load(run.recipe), recipe))
        changed = [
            f"{key}: {before.get(key)} there, {now.get(key)} now"
            for key in before | now
            if before.get(key) != now.get(key)
        ]
        if changed:
            raise RunError(
                f"{run.root} was begun with another recipe ({'; '.join(changed)}). "
                "Choose another folder with run=..., or delete that one."
            )
    if first_process():
        save(recipe, run.recipe)
    record(run, seed=recipe.seed)
    return run


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        key: leaf for name, child in value.items() for key, leaf in _flat(child, f"{prefix}.{name}".strip(".")).items()
    }
