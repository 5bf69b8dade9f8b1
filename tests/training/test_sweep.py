from pathlib import Path

import pytest
from rich.console import Console

from switchgear.errors import RecipeError
from switchgear.recipe import load as load_recipe
from switchgear.training.sweep import figures, load, points, table

RECIPES = Path(__file__).parents[2] / "recipes"


def sweep(folder: Path, text: str) -> Path:
    path = folder / "sweep.yaml"
    path.write_text(f"recipe: recipe.yaml\nrun: {folder / 'runs'}\n{text}")
    return path


def test_every_combination_is_a_run_of_its_own(tmp_path: Path):
    made = points(load(sweep(tmp_path, "grid: {train.alpha: [2, 5], train.learning_rate: [1.0e-4, 1.0e-3, 0.1]}")))
    assert len({point.run.root for point in made}) == 6
    assert made[1].name == "alpha=2,learning_rate=0.001"
    assert made[1].overrides == ("train.alpha=2", "train.learning_rate=0.001", f"run={made[1].run.root}")


def test_a_value_of_any_type_is_read_back_by_the_recipe(garden: Path):
    grid = "grid: {train.target_layers: [[1, 0.5]], train.mask: [after_opening], model.revision: [null, '1']}"
    for point, revision in zip(points(load(sweep(garden.parent, grid))), (None, "1"), strict=True):
        recipe = load_recipe(garden, point.overrides)
        assert recipe.train.target_layers == (1, 0.5)
        assert recipe.train.mask == "after_opening"
        assert recipe.model.revision == revision
        assert recipe.run == point.run.root


def test_keys_that_end_alike_are_written_out(tmp_path: Path):
    (point,) = points(load(sweep(tmp_path, "grid: {train.alpha: [2], train.lora.alpha: [16]}")))
    assert point.name == "train.alpha=2,train.lora.alpha=16"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("grid: {train.alpha: []}", "grid.train.alpha has no value"),
        ("grid: {}", "grid"),
        ("grids: {train.alpha: [1]}", "Did you mean 'grid'"),
        ("grid: {train.alpha: 1}", "grid.train.alpha: given 1"),
        ("grid: [", "not YAML"),
    ],
)
def test_what_is_no_sweep_says_why(tmp_path: Path, text: str, told: str):
    with pytest.raises(RecipeError, match=told):
        load(sweep(tmp_path, text))


def test_runs_that_would_share_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="would share a folder"):
        points(load(sweep(tmp_path, "grid: {train.alpha: [2, 2]}")))


def test_the_sweep_that_ships_fits_its_recipe():
    shipped = load(RECIPES / "sweep.yaml")
    assert [load_recipe(shipped.recipe, point.overrides).train.alpha for point in points(shipped)] == [2, 2, 5, 5]


def test_the_table_holds_what_each_run_came_to(trained: Path, tmp_path: Path):
    run = load_recipe(trained).run
    made = points(load(sweep(tmp_path, "grid: {train.alpha: [2, 5]}")))
    made[0].run.root.parent.mkdir()
    made[0].run.root.symlink_to(run)
    values = figures(made[0].run)
    assert set(values) == {"cosine harmful", "cosine benign", "drift", "KL harmful", "KL benign"}
    console = Console(width=200, record=True, quiet=False, file=(tmp_path / "out").open("w"))
    console.print(table(made, {made[1].name: "GateError"}))
    shown = console.export_text().splitlines()
    assert f"{values['KL harmful']:.3f}" in next(line for line in shown if "alpha=2" in line)
    assert "GateError" in next(line for line in shown if "alpha=5" in line)
