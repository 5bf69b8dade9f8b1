import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.errors import RecipeError, RunError
from switchgear.recipe import Recipe, claim, load, save

YAML = "run: {run}\nmodel: {{name: tiny}}\ndata: {{sources: [{{name: agentdojo_suites}}]}}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.yaml"
    file.write_text(YAML.format(run=tmp_path / "run"))
    return file


def test_what_is_saved_is_loaded_again_whole(path: Path, tmp_path: Path):
    recipe = load(path, ["train.steps=7", "train.target_layers=[10, 0.5]", "data.holdout={suite: [slack]}"])
    save(recipe, tmp_path / "saved.yaml")
    assert load(tmp_path / "saved.yaml") == recipe
    assert recipe.train.target_layers == (10, 0.5)


def test_an_override_reaches_into_a_list(path: Path):
    assert load(path, ["data.sources.0.limit=5"]).data.sources[0].limit == 5


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("train.stepz=3", r"train.stepz: Unknown field 'stepz'. Did you mean 'steps'\? Known: accumulate"),
        ("train.steps=many", r"train.steps: given 'many'.*valid integer"),
        ("train.batch.foo=1", r"train.batch.foo: Unknown field 'foo'"),
        ("data.sources.0.pth=x", r"data.sources.0.pth: Unknown field 'pth'. Did you mean 'path'\?"),
        ("train.adapter=both", r"train.adapter: given 'both'.*'lora' or 'full'"),
        ("data.sources.3.limit=1", r"'3' is not one of the 1 entries"),
        ("train.steps.x=1", r"train.steps: given \{'x': 1\}"),
        ("run.x=1", r"run holds '.*', which has no fields"),
        ("train.steps", r"'train.steps' is not an override. Write key=value"),
        ("train.steps=[", r"the value is not YAML"),
    ],
)
def test_a_wrong_override_names_field_value_and_what_is_allowed(path: Path, override: str, told: str):
    with pytest.raises(RecipeError, match=told):
        load(path, [override])


def test_only_the_part_that_is_wrong_is_named(path: Path):
    with pytest.raises(RecipeError) as error:
        load(path, ["data.sources.0.pth=x"])
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["", "- a list", "run: [", "run: !!python/object/apply:os.getcwd []"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(RecipeError):
        load(tmp_path / "bad.yaml")


def test_a_missing_recipe_says_where_some_are(tmp_path: Path):
    with pytest.raises(RecipeError, match="recipes/"):
        load(tmp_path / "none.yaml")


@given(st.text())
def test_no_override_ends_in_a_traceback(text: str):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(YAML.format(run="x"))
        file.flush()
        with suppress(RecipeError):
            assert isinstance(load(Path(file.name), [text]), Recipe)


def test_a_folder_begun_with_another_recipe_is_not_mixed(path: Path):
    run = claim(load(path, ["train.steps=5"]))
    assert claim(load(path, ["train.steps=5", "evaluate.limit=3"])) == run
    with pytest.raises(RunError, match=r"train.steps: 5 there, 6 now"):
        claim(load(path, ["train.steps=6"]))


def test_a_folder_that_was_moved_is_still_that_run(path: Path, tmp_path: Path):
    claim(load(path))
    (tmp_path / "run").rename(tmp_path / "moved")
    assert claim(load(path, [f"run={tmp_path / 'moved'}"])).root == tmp_path / "moved"
