import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from switchgear.data.card import table
from switchgear.data.prepare import prepare
from switchgear.data.sources import SOURCES
from switchgear.errors import DataError, LabelError, RecipeError
from switchgear.recipe import Recipe, SourceRecipe
from switchgear.runs import Run, read_models, sha256
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
        shared = {"group": f"g{number}", "row": f"r{number}", "tags": tags, "category": "theft"}
        made.append(example(name=f"{number}/resisted", trace=Trace.RESISTED, **shared))
        made.append(
            example(name=f"{number}/hijacked", role=Role.HARMFUL, trace=Trace.HIJACKED, calls=(send,), **shared)
        )
    return made


def test_every_row_is_on_the_card_and_every_example_in_its_file(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    refusal = example(name="bad", answer="I'm sorry, but I can't help with that.")
    made(*rows, Drop(reason="empty", row="1"), Drop(reason="empty", row="2"), refusal)
    card, written, shown = prepared(tmp_path, run_recipe(tmp_path, holdout={"suite": ["travel"]}))
    (source,) = card["sources"]
    assert source["read"] == 23
    assert source["kept"] == {"benign/resisted": 10, "harmful/hijacked": 10}
    assert (source["dropped"], source["over_limit"]) == ({"empty": 2}, 0)
    assert source["quarantined"] == {"benign, but the continuation refuses": 1}
    assert source["licences"] == ["MIT"]
    assert {name: part["examples"] for name, part in card["splits"].items()} == {
        "train": 14, "validation": 2, "holdout": 4, "mixed": 0,
    }  # fmt: skip
    assert card["splits"]["holdout"]["suite"] == {"travel": 4}
    assert card["splits"]["train"]["category"] == {"theft": 14}
    assert {name: len(part) for name, part in written.items()} == {"train": 14, "validation": 2, "holdout": 4}
    assert "made: read" in shown


def test_the_card_is_written_with_the_files_checksums(
    tmp_path: Path, made: Callable[..., None], rows: list[Row]
) -> None:
    made(*rows)
    card, _, _ = prepared(tmp_path, run_recipe(tmp_path))
    assert json.loads((tmp_path / "dataset" / "card.json").read_text()) == card
    assert card["sha256"]["train.jsonl"] == sha256(tmp_path / "dataset" / "train.jsonl")


def test_preparing_twice_gives_the_same_bytes(tmp_path: Path, made: Callable[..., None], rows: list[Row]) -> None:
    made(*rows)
    cards = [prepared(tmp_path / name, run_recipe(tmp_path / name, {"name": "made", "limit": 9}))[0] for name in "ab"]
    assert cards[0] == cards[1]
    assert cards[0]["sources"][0]["over_limit"] == 12  # 8 of 20 drawn: twins stay together


def test_two_examples_of_one_id_are_an_error(tmp_path: Path, made: Callable[..., None], rows: list[Row]) -> None:
    made(*rows)
    with pytest.raises(DataError, match="20 ids occur more than once"):
        prepared(tmp_path, run_recipe(tmp_path, {"name": "made"}, {"name": "made"}))


def test_a_source_with_many_wrong_labels_is_refused(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    made(*rows, *[example(name=f"bad{n}", answer="I cannot help with that.") for n in range(6)])
    with pytest.raises(LabelError, match=r"6 of 26 examples contradict their labels \(6 benign, but"):
        prepared(tmp_path, run_recipe(tmp_path))


@pytest.mark.parametrize("role", [Role.HARMFUL, Role.BENIGN])
def test_nothing_is_written_without_both_sides(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], role: Role
) -> None:
    made(*[row for row in rows if isinstance(row, Example) and row.role is not role])
    with pytest.raises(DataError, match=f"no {role} example to train on"):
        prepared(tmp_path, run_recipe(tmp_path))
    assert not (tmp_path / "dataset").exists()


def test_an_unknown_source_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Did you mean 'agentdojo_runs'"):
        prepared(tmp_path, run_recipe(tmp_path, {"name": "agentdojo_run"}))


def test_the_card_is_shown_as_tables(tmp_path: Path, made: Callable[..., None], rows: list[Row]) -> None:
    made(*rows, Drop(reason="empty", row="1"))
    card, _, _ = prepared(tmp_path, run_recipe(tmp_path, {"name": "made", "limit": 12}))
    console = Console(file=io.StringIO(), width=200, record=True)
    console.print(table(card))
    text = console.export_text()
    for cell in ("kept: harmful/hijacked", "dropped: empty", "not drawn: over the limit", "validation", "direct"):
        assert cell in text


def test_a_suite_of_agentdojo_goes_through_whole(tmp_path: Path) -> None:
    source = {"name": "agentdojo_suites", "options": {"suites": ["slack"], "families": ["direct"], "max_tools": 4}}
    card, written, _ = prepared(tmp_path, run_recipe(tmp_path, source | {"limit": 60}))
    assert card["sources"][0]["quarantined"] == {}
    assert sum(len(part) for part in written.values()) == 60
    assert {row.trace for row in written["train"]} == set(Trace)
