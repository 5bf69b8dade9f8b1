from pathlib import Path

import pytest

from switchgear.errors import RecipeError
from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.inspect.battery import TASKS
from switchgear.recipe import load, suites


@pytest.mark.parametrize("name", suites.SUITES)
def test_a_suite_is_a_section_of_the_recipe_with_tasks_and_attacks_that_there_are(garden: Path, name: str):
    recipe = load(garden, suites.overrides(name)).evaluate
    assert recipe.suite == name
    assert {task.name for task in recipe.tasks} <= set(TASKS)
    assert {attack.name for attack in recipe.attacks} <= set(ATTACKS)
    assert len({task.title for task in recipe.tasks}) == len(recipe.tasks)


def test_the_command_line_comes_on_top_of_a_suite(garden: Path):
    assert load(garden, [*suites.overrides("quick"), "evaluate.limit=3"]).evaluate.limit == 3


def test_there_is_no_other_suite():
    with pytest.raises(RecipeError, match=r"Unknown suite 'quik'. Did you mean 'quick'\?"):
        suites.overrides("quik")
