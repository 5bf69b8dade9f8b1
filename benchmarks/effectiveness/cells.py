"""The cells of the tables: what each of them overrides in the recipe that all share."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from switchgear import recipe as recipes
from switchgear.errors import RecipeError, unknown
from switchgear.recipe import Recipe

HERE = Path(__file__).parent
BASE = HERE / "base.yaml"
TABLES = {path.stem: path for path in sorted((HERE / "tables").glob("*.yaml"))}
DATA_SEED = 7
"""One dataset and the same cases for all: the seed of a cell draws its adapter and its batches."""


@dataclass(frozen=True)
class Cell:
    """One row of a table: the shared recipe with some fields overridden."""

    table: str
    name: str
    overrides: tuple[str, ...]

    def recipe(self, model: str, run: Path, seed: int) -> Recipe:
        return recipes.load(BASE, [*self.overrides, f"model.name={model}", f"run={run}", f"seed={seed}"])


def cells(table: str, names: list[str] | None = None) -> list[Cell]:
    """Those of a table, all or by name. Raises `RecipeError` for an unknown table or cell."""
    if table not in TABLES:
        raise RecipeError(unknown("table", table, TABLES))
    found = yaml.safe_load(TABLES[table].read_text(encoding="utf-8"))
    for name in names or ():
        if name not in found:
            raise RecipeError(unknown("cell", name, found))
    return [Cell(table, name, tuple(found[name])) for name in names or found]
