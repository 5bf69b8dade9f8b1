"""The command `schema`: the recipe for editors."""

import json
import re
from importlib import import_module
from typing import Any

import typer

from switchgear.cli.app import app

_KEY = re.compile(r"\b[Aa] key of `([\w.]+)\.([A-Z]+)`")


@app.command(epilog="Example: switchgear schema > recipe.schema.json")
def schema() -> None:
    """Print the JSON Schema of a recipe, with which editors complete and check recipes."""
    typer.echo(json.dumps(recipe_schema(), indent=2, ensure_ascii=False))


def recipe_schema() -> dict[str, Any]:
    """Every field of a recipe with its type, default and meaning.

    A field that is described as a key of a registry lists the keys.
    """
    from switchgear.recipe import Recipe
    from switchgear.training.batches import EVERYTHING

    found = Recipe.model_json_schema()
    for section in found["$defs"].values():
        for name, field in section.get("properties", {}).items():
            if registry := _KEY.search(field.get("description", "")):
                names = sorted(getattr(import_module(registry[1]), registry[2]))
                _text_of(field)["enum"] = [*names, EVERYTHING] if name == "mask" else names
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "A recipe of Switchgear"}


def _text_of(field: dict[str, Any]) -> dict[str, Any]:
    """Of a field that may be several things: where it is a text."""
    found: dict[str, Any] = next(kind for kind in field.get("anyOf", [field]) if kind["type"] == "string")
    return found
