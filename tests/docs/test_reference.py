"""Pages that are written from the code are those that the code would write now."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from scripts.pages.all import PAGES, ROOT
from scripts.pages.markdown import docstring, markdown
from switchgear import cli

SCHEMA = ROOT / "recipes" / "recipe.schema.json"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_the_one_that_the_code_would_write(path: str):
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), "python -m scripts.pages writes it again"


def test_the_command_prints_the_schema_that_is_kept_beside_the_recipes():
    printed = CliRunner().invoke(cli.app, ["schema"])
    assert json.loads(printed.stdout) == json.loads(SCHEMA.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(ROOT.glob("recipes/*.yaml")), ids=lambda path: path.name)
def test_the_schema_takes_the_recipes_that_ship(path: Path):
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "recipe" in values:
        pytest.skip("a sweep names its recipe")
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(values)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"train": {"objective": "rerout"}}, "'rerout' is not one of"),
        ({"train": {"steps": "many"}}, "'many' is not of type 'integer'"),
        ({"train": {"stepz": 1}}, "'stepz' was unexpected"),
        ({"data": {"sources": [{"name": "garden"}]}}, "'garden' is not one of"),
    ],
)
def test_the_schema_refuses_what_a_recipe_may_not_hold(change: dict[str, object], told: str):
    values = {"run": "r", "model": {"name": "m"}, "data": {"sources": [{"name": "chat"}]}, **change}
    errors = list(Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors(values))
    assert [told in error.message for error in errors] == [True]


def test_the_mask_of_the_authors_and_weights_by_mask_are_in_the_schema():
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    base = {"run": "r", "model": {"name": "m"}, "data": {"sources": [{"name": "chat"}]}}
    for mask in ("everything", {"assistant": 1, "thinking": 0}):
        assert validator.is_valid(base | {"train": {"mask": mask}})


def test_docstrings_become_markdown():
    text = "A row:\n    {\n      1}\n\nIt is:\n- one\n- two\n  lines"
    assert markdown(text) == "A row:\n\n```text\n{\n  1}\n```\n\nIt is:\n\n- one\n- two\n  lines"
    with pytest.raises(ValueError, match="has no docstring"):
        docstring(object.__new__(type("Silent", (), {})))
