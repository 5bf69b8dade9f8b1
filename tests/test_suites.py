from pathlib import Path

import pytest

from switchgear.data.sources import SOURCES
from switchgear.errors import RecipeError
from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.inspect.plan import TASKS
from switchgear.recipe import load, suites
from switchgear.recipe.benchmarks import PLACES, sources
from switchgear.schema import Example, Trace


@pytest.mark.parametrize("name", suites.SUITES)
def test_a_suite_is_a_section_of_the_recipe_with_tasks_and_attacks_that_there_are(garden: Path, name: str):
    recipe = load(garden, suites.overrides(name)).evaluate
    assert recipe.suite == name
    assert {task.name for task in recipe.tasks} <= set(TASKS)
    assert {attack.name for attack in recipe.attacks} <= set(ATTACKS)
    assert len({task.title for task in recipe.tasks}) == len(recipe.tasks)


def test_the_command_line_comes_on_top_of_a_suite(garden: Path):
    assert load(garden, [*suites.overrides("quick"), "evaluate.limit=3"]).evaluate.limit == 3


def test_one_limit_is_of_decisions_tasks_and_attacks_alike_and_raises_none(garden: Path):
    chosen = [*suites.overrides("full"), "evaluate.limit={hijacked: 30}", "evaluate.tasks.0.options.limit=2"]
    limited = load(garden, [*chosen, *suites.limited(load(garden, chosen).evaluate, 5)]).evaluate
    assert limited.limit == dict.fromkeys(Trace, 5)
    assert [task.options["limit"] for task in limited.tasks] == [2] + [5] * (len(limited.tasks) - 1)
    assert {attack.limit for attack in limited.attacks} == {5}
    assert [task.title for task in limited.tasks] == [task.title for task in load(garden, chosen).evaluate.tasks]


def test_benchmarks_in_a_folder_are_sources_and_those_that_are_not_there_are_none(garden: Path, tmp_path: Path):
    (tmp_path / "xstest").mkdir()
    (tmp_path / "xstest" / "xstest_prompts.csv").write_text("id,prompt,type,label,focus,note\n")
    (tmp_path / "bfcl").mkdir()
    (tmp_path / "bfcl" / "BFCL_v4_multiple.json").write_text("")
    (tmp_path / "harmbench").mkdir()
    found = load(garden, [sources(tmp_path)]).evaluate.sources
    assert [(each.name, each.path) for each in found] == [
        ("bfcl", tmp_path / "bfcl" / "BFCL_v4_*.json"),
        ("xstest", tmp_path / "xstest" / "xstest_prompts.csv"),
    ]
    with pytest.raises(RecipeError, match="there is none of agentharm/"):
        sources(tmp_path / "bfcl")


def test_the_public_files_are_found_and_read(garden: Path, shared_data: Path):
    found = load(garden, [sources(shared_data)]).evaluate.sources
    assert {each.name for each in found} == set(PLACES)
    for each in found:
        assert any(isinstance(row, Example) for row in SOURCES[each.name](each, 0)), each.name


def test_there_is_no_other_suite():
    with pytest.raises(RecipeError, match=r"Unknown suite 'quik'. Did you mean 'quick'\?"):
        suites.overrides("quik")
