import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.dataset.facts import Facts, dump, facts, load
from switchgear.data.dataset.shards import Shard, Tally, planned
from switchgear.recipe import DataRecipe, SourceRecipe
from switchgear.schema import Example, Role, Trace

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def recipe(*sources: dict[str, object], **fields: object) -> DataRecipe:
    return DataRecipe.model_validate({"sources": sources, **fields})


def keys(shards: list[Shard]) -> list[str]:
    return [shard.path.name for shard in shards]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of a row each."""
    for name in ("a", "b"):
        row = {"user_prompt": f"Water {name}.", "benign_completion": "Done."}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path


@given(names=st.lists(TEXT, min_size=7, max_size=7), tags=st.dictionaries(TEXT, TEXT), harms=st.booleans())
def test_facts_are_read_as_they_were_written(names: list[str], tags: dict[str, str], harms: bool) -> None:
    known = Facts(names[0], names[1], names[2], Role.BENIGN, Trace.CLEAN, *names[3:], tags, harms, 7)
    written = dump(known)
    assert b"\n" not in written
    assert b"\t" not in written
    assert load(written) == known


def test_a_shard_gives_back_examples_facts_and_counts(tmp_path: Path, example: Callable[..., Example]) -> None:
    examples = [example("a", answer="tabs\tand\nlines"), example("b", role=Role.HARMFUL, tags={"suite": "bank"})]
    shard, tally = Shard(0, SourceRecipe(name="s"), tmp_path / "s.shard"), Tally()

    def counted() -> Iterator[Example]:
        for each in examples:
            tally.read += 1
            tally.kept += 1
            yield each
        tally.dropped["empty"] += 1

    shard.write(counted(), tally)
    assert [Example.model_validate_json(line) for line in shard.examples()] == examples
    known, read_back = shard.read()
    assert known == [facts(each) for each in examples]
    assert read_back == tally


def test_an_empty_shard_still_counts(tmp_path: Path) -> None:
    shard = Shard(0, SourceRecipe(name="s"), tmp_path / "s.shard")
    shard.write([], Tally(read=3))
    assert shard.read() == ([], Tally(read=3))
    assert list(shard.examples()) == []


def test_only_sources_of_independent_rows_are_read_file_by_file(folder: Path) -> None:
    sources = [{"name": name, "path": folder} for name in ("chat", "agentdojo_runs")]
    sources.append({"name": "chat", "path": folder, "options": {"first_rows": 1}})
    found = planned(recipe(*sources), 0, folder / "shards")
    assert [(shard.entry, shard.source.path) for shard in found] == [
        (0, folder / "a.jsonl"),
        (0, folder / "b.jsonl"),
        (1, folder),
        (2, folder),
    ]


def test_a_shard_is_named_after_what_its_rows_depend_on(folder: Path) -> None:
    source = {"name": "chat", "path": folder / "a.jsonl"}
    (first,) = keys(planned(recipe(source), 0, folder))
    assert keys(planned(recipe(source | {"limit": 1, "weight": 2}), 0, folder)) == [first]
    others = [
        keys(planned(recipe(source), 1, folder)),
        keys(planned(recipe(source | {"max_characters": 9}), 0, folder)),
        keys(planned(recipe(source, commercial_use=True), 0, folder)),
    ]
    (folder / "a.jsonl").write_text("{}\n")
    others.append(keys(planned(recipe(source), 0, folder)))
    assert len({first, *(name for (name,) in others)}) == 5
