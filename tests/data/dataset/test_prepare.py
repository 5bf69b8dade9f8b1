import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from rich.console import Console

from switchgear.data.dataset.card import table
from switchgear.data.dataset.formats import Format
from switchgear.data.dataset.prepare import prepare
from switchgear.data.sources import SOURCES
from switchgear.errors import DataError, LabelError, RecipeError
from switchgear.recipe import Recipe, SourceRecipe, load
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
        shared = {"group": f"g{number}", "row": f"r{number}", "tags": tags, "prompt": f"Pay bill {number}."}
        shared["category"] = "credential_theft"
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


def test_weights_and_shares_are_of_the_training_set(
    tmp_path: Path, made: Callable[..., None], example: Callable[..., Example], rows: list[Row]
) -> None:
    made(*rows)
    made(*[example(f"more/{n}", group=f"m{n}", prompt=f"Read page {n}.", trace=None) for n in range(60)], name="more")
    sources = ({"name": "made", "weight": 2}, {"name": "more", "weight": 1})
    card, written, _ = prepared(tmp_path, run_recipe(tmp_path, *sources, validation=0))
    assert card["shares"] == {"clean": {"test": 60}, "harmful": {"test": 10}, "resisted": {"test": 10}}
    made(*[example(f"few/{n}", group=f"f{n}", prompt=f"Close tap {n}.", trace=None) for n in range(5)], name="few")
    sources = ({"name": "made"}, {"name": "more", "weight": 2}, {"name": "few", "weight": 1})
    card, written, _ = prepared(tmp_path / "b", run_recipe(tmp_path / "b", *sources, validation=0))
    names = Counter(row.id.partition("/")[0] for row in written["train"] if row.trace is None)
    assert names == {"more": 10, "few": 5}
    assert card["splits"]["over weight"]["examples"] == 50


def test_refusals_are_tagged_and_keep_the_name_of_their_dataset(
    tmp_path: Path, made: Callable[..., None], example: Callable[..., Example], rows: list[Row]
) -> None:
    refusal = example("no", role=Role.REFUSAL, trace=None, prompt="Open it.", answer="I cannot help with that.")
    made(*rows, refusal.model_copy(update={"tags": {"source": "somewhere"}}))
    _, written, _ = prepared(tmp_path, run_recipe(tmp_path, validation=0))
    (found,) = [row for row in written["train"] if row.role is Role.REFUSAL]
    assert found.tags == {"source": "refusal_retain", "dataset": "somewhere"}


def test_commercial_use_leaves_out_what_forbids_it_and_what_states_nothing(
    tmp_path: Path, made: Callable[..., None], rows: list[Row]
) -> None:
    licences = {0: "CC-BY-NC-4.0", 1: "not stated"}
    changed = [
        row.model_copy(update={"provenance": row.provenance.model_copy(update={"licence": licences.get(n, "MIT")})})
        for n, row in enumerate(rows)
        if isinstance(row, Example)
    ]
    made(*changed)
    card, _, _ = prepared(tmp_path, run_recipe(tmp_path, commercial_use=True))
    assert card["sources"][0]["dropped"] == {
        "for commercial use: not for commercial use": 1,
        "for commercial use: no licence stated": 1,
    }
    assert list(card["licences"]) == ["MIT"]


def test_what_repeats_a_held_out_text_is_taken_out_of_training_and_listed(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    prompt = "Please tell me what the old gardener planted behind the northern wall."
    case = example("asked", prompt=prompt, group="c", trace=None)
    case = case.model_copy(update={"role": Role.CASE, "continuation": ()})
    made(*rows, case, example("told", prompt=prompt.upper(), group="d", trace=None))
    card, written, _ = prepared(tmp_path, run_recipe(tmp_path))
    assert [(match["train"], match["holdout"], match["kind"]) for match in card["contamination"]] == [
        ("told", "asked", "exact")
    ]
    assert card["splits"]["contaminated"]["examples"] == 1
    assert "told" not in {row.id for part in ("train", "validation") for row in written[part]}


def test_a_benchmark_on_both_sides_is_an_error(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    tags = {"benchmark": "quiz"}
    case = example("asked", prompt="Which one?", group="c", trace=None, tags=tags)
    case = case.model_copy(update={"role": Role.CASE, "continuation": ()})
    made(*rows, case, example("trained", prompt="Which other?", group="d", trace=None, tags=tags))
    with pytest.raises(DataError, match="quiz"):
        prepared(tmp_path, run_recipe(tmp_path))


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
