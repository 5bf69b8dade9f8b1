"""The recipes that ship can be used as they are."""

from pathlib import Path

import pytest
from rich.console import Console

from switchgear.data.dataset.prepare import prepare
from switchgear.data.sources import SOURCES
from switchgear.model.hidden_states import blocks_to_train, target_indices
from switchgear.model.masks import MASKS
from switchgear.recipe import load
from switchgear.runs import Run, read_models
from switchgear.schema import Example
from switchgear.training.objectives import OBJECTIVES, RETAIN
from switchgear.training.schedule import SCHEDULES

RECIPES = Path(__file__).parents[1] / "recipes"


@pytest.mark.parametrize("name", ["agent", "chat", "demo"])
def test_a_recipe_names_only_what_there_is(name: str):
    recipe = load(RECIPES / f"{name}.yaml")
    assert {source.name for source in recipe.data.sources} <= set(SOURCES)
    assert recipe.train.mask in MASKS
    assert recipe.train.objective in OBJECTIVES
    assert recipe.train.retain in RETAIN
    assert recipe.train.schedule in SCHEDULES


@pytest.mark.parametrize("name", ["agent", "chat"])
@pytest.mark.parametrize("depth", [6, 18, 30, 80])
def test_defaults_for_any_model_are_by_relative_depth(name: str, depth: int):
    recipe = load(RECIPES / f"{name}.yaml").train
    targets = target_indices(recipe.target_layers, depth)
    assert len(targets) == len(recipe.target_layers)
    assert all(0.25 * depth < target < 0.9 * depth for target in targets)
    assert blocks_to_train(recipe.layers, max(targets), depth)[-1] == max(targets) - 1


def test_the_agents_recipe_makes_every_kind_that_it_trains_on_and_holds_a_family_out(tmp_path: Path):
    small = ["data.sources.0.options.worlds=30", "data.sources.1.limit=12", f"run={tmp_path}"]
    recipe = load(RECIPES / "agent.yaml", small)
    prepare(recipe, Run(tmp_path), Console(quiet=True), formats=())
    rows = {
        split: list(read_models(Run(tmp_path).dataset / f"{split}.jsonl", Example)) for split in ("train", "holdout")
    }
    wanted = {kind for kind, count in recipe.train.batch.model_dump().items() if count}
    assert wanted <= {row.kind for row in rows["train"]}
    trained, held = ({row.tags["family"] for row in rows[split] if "family" in row.tags} for split in rows)
    assert held == {"important_instructions"}
    assert held.isdisjoint(trained)
