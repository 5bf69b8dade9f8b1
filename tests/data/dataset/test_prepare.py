import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import load_dataset
from rich.console import Console

from switchgear.data.dataset.card import table
from switchgear.data.dataset.formats import Format
from switchgear.data.dataset.prepare import prepare
from switchgear.data.sources import SOURCES
from switchgear.errors import DataError, RecipeError
from switchgear.recipe import load
from switchgear.runs import Run, sha256
from switchgear.schema import Drop, Example, Trace
from tests.data.dataset.conftest import Row, prepared, run_recipe


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
        "train": 14, "validation": 2, "holdout": 4, "mixed": 0, "contaminated": 0, "over weight": 0,
    }  # fmt: skip
    assert card["splits"]["holdout"]["suite"] == {"travel": 4}
    assert card["splits"]["train"]["category"] == {"credential_theft": 14}
    assert {name: len(part) for name, part in written.items()} == {"train": 14, "validation": 2, "holdout": 4}
    assert "read: made, 23 rows so far" in shown


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


def test_the_folder_is_a_dataset_for_others_and_harm_is_folded(
    tmp_path: Path, made: Callable[..., None], rows: list[Row]
) -> None:
    made(*rows)
    prepared(tmp_path, run_recipe(tmp_path, holdout={"suite": ["travel"]}))
    table = load_dataset(str(tmp_path / "dataset"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in table.items()} == {"train": 14, "validation": 2, "holdout": 4}
    assert table["train"][0]["tags"]["suite"] == "bank"
    assert "<details>" in (tmp_path / "dataset" / "README.md").read_text()


@pytest.mark.parametrize(
    ("formats", "beside"),
    [([Format.JSONL], set()), ([Format.PAIRS], {"train.pairs.jsonl", "validation.pairs.jsonl", "holdout.pairs.jsonl"})],
)
def test_formats_come_beside_the_jsonl(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], formats: list[Format], beside: set[str]
) -> None:
    made(*rows)
    recipe = run_recipe(tmp_path, holdout={"suite": ["travel"]})
    card = prepare(recipe, Run(tmp_path), Console(quiet=True), formats=formats)
    assert card["sha256"].keys() == {"train.jsonl", "validation.jsonl", "holdout.jsonl"} | beside
    table = load_dataset(str(tmp_path / "dataset"), cache_dir=str(tmp_path / "cache"))
    assert len(table["train"]) == 14


def test_tokens_are_counted_by_what_is_given(tmp_path: Path, made: Callable[..., None], rows: list[Row]) -> None:
    made(*rows)
    card = prepare(run_recipe(tmp_path), Run(tmp_path), Console(quiet=True), count_tokens=lambda example: 2000)
    assert card["tokens"]["train"] == {"of": 18, "median": 2000, "95 %": 2000, "longest": 2000, "over 1024": 18}


def test_missing_sources_are_an_error_or_listed(tmp_path: Path, made: Callable[..., None], rows: list[Row]) -> None:
    made(*rows)
    sources = ({"name": "made"}, {"name": "weblinx", "path": "nowhere/weblinx"})
    with pytest.raises(DataError, match="weblinx"):
        prepared(tmp_path, run_recipe(tmp_path, *sources))
    card = prepare(run_recipe(tmp_path, *sources), Run(tmp_path), Console(quiet=True), skip_missing=True)
    assert card["skipped"] == [{"name": "weblinx", "path": "nowhere/weblinx", "why": "no such file"}]
    assert [source["name"] for source in card["sources"]] == ["made"]


def test_the_full_recipe_names_every_source() -> None:
    recipe = load(Path(__file__).parents[3] / "recipes" / "full.yaml")
    named = {source.name for source in recipe.data.sources}
    assert named == SOURCES.keys() - {"generated", "agent_traces"}  # those are made or recorded by the user
