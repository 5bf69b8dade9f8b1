"""Which pages there are, and where they go."""

import json
from collections.abc import Callable
from pathlib import Path

from scripts.pages import commands, parts, recipe, sources
from switchgear.cli.schema import recipe_schema

ROOT = Path(__file__).parents[2]
PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands.page,
    "docs/reference/parts.md": parts.page,
    "docs/reference/recipe.md": recipe.page,
    "docs/reference/sources.md": sources.page,
    "recipes/recipe.schema.json": lambda: json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n",
}


def write() -> None:
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")
