"""A source of made rows, and what becomes of them."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from switchgear.data.dataset.prepare import prepare
from switchgear.data.sources import SOURCES
from switchgear.recipe import Recipe, SourceRecipe
from switchgear.runs import Run, read_models
from switchgear.schema import Drop, Example, Role, ToolCall, Trace

Row = Example | Drop


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Registers a source of the given rows."""

    def register(*rows: Row, name: str = "made") -> None:
        def read(recipe: SourceRecipe, seed: int) -> Iterator[Row]:
            yield from rows

        monkeypatch.setitem(SOURCES, name, read)

    return register


def run_recipe(root: Path, *sources: dict[str, Any], **data: Any) -> Recipe:
    listed = sources or ({"name": "made"},)
    return Recipe.model_validate({"run": root, "model": {"name": "m"}, "data": {"sources": listed, **data}})


def prepared(root: Path, recipe: Recipe) -> tuple[dict[str, Any], dict[str, list[Example]], str]:
    """The card, the written examples of each split, and what was shown."""
    shown = io.StringIO()
    card = prepare(recipe, Run(root), Console(file=shown, width=200))
    names = ("train", "validation", "holdout")
    written = {name: list(read_models(Run(root).dataset / f"{name}.jsonl", Example)) for name in names}
    return card, written, shown.getvalue()


@pytest.fixture
def rows(example: Callable[..., Example], send: ToolCall) -> list[Row]:
    """Ten groups of a pair of twins, two of them of a held-out suite."""
    made: list[Row] = []
    for number in range(10):
        tags = {"suite": "travel" if number < 2 else "bank", "family": "direct"}
        shared = {"group": f"g{number}", "row": f"r{number}", "tags": tags, "prompt": f"Pay bill {number}."}
        shared["category"] = "credential_theft"
        made.append(example(name=f"{number}/resisted", trace=Trace.RESISTED, **shared))
        made.append(
            example(name=f"{number}/hijacked", role=Role.HARMFUL, trace=Trace.HIJACKED, calls=(send,), **shared)
        )
    return made
