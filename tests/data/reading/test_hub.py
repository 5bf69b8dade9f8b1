"""The hub is out of reach in tests. A folder `owner/name` stands for a dataset of it, as `datasets` allows."""

import json
from pathlib import Path

import pytest

from switchgear.data.reading.hub import HubOptions, rows
from switchgear.errors import DataError, RecipeError
from switchgear.recipe import SourceRecipe


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "owner" / "name"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(5)))
    return folder


def test_a_hub_dataset_is_streamed_by_option(hub: Path) -> None:
    found = list(rows(SourceRecipe(name="chat"), HubOptions(hub="owner/name", first_rows=3)))
    assert [row.value["n"] for row in found] == [0, 1, 2]
    assert (found[0].place, found[0].revision) == ("owner/name/train:1", "not given")


def test_a_path_that_exists_is_read_from_disk(hub: Path) -> None:
    (hub / "notes.md").write_text("not a table")
    found = list(rows(SourceRecipe(name="chat", path=Path("owner/name")), HubOptions(hub="another/one")))
    assert [row.place for row in found] == [f"train.jsonl:{n}" for n in range(1, 6)]


def test_a_path_that_looks_like_a_hub_id_is_looked_up_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"'nobody/nothing' \(split 'train'\).*the hub did not give it") as caught:
        list(rows(SourceRecipe(name="chat", path=Path("nobody/nothing")), HubOptions()))
    assert "set the source's `path`" in str(caught.value)


def test_a_missing_file_is_not_taken_for_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="there is no"):
        list(rows(SourceRecipe(name="chat", path=Path("data/train.jsonl")), HubOptions()))


def test_an_unknown_split_says_which_there_are(hub: Path) -> None:
    with pytest.raises(DataError, match=r"Available splits: \['train'\]"):
        list(rows(SourceRecipe(name="chat"), HubOptions(hub="owner/name", split="nope")))


def test_a_dataset_that_breaks_off_is_not_quoted(hub: Path) -> None:
    (hub / "train.jsonl").write_text('{"n": 1}\n{"n": "secret')
    with pytest.raises(DataError, match="broke off while it was read") as caught:
        list(rows(SourceRecipe(name="chat"), HubOptions(hub="owner/name")))
    assert "secret" not in str(caught.value)


def test_a_folder_without_tables_and_a_source_without_a_path_are_told_apart(hub: Path) -> None:
    with pytest.raises(DataError, match=r"no \.csv, \.json, \.jsonl, \.parquet, \.txt file"):
        list(rows(SourceRecipe(name="chat", path=hub.parent), HubOptions()))
    with pytest.raises(RecipeError, match="set its `path`"):
        list(rows(SourceRecipe(name="chat"), HubOptions()))
