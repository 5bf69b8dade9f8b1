from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.reading.files import document, documents, jsonl, paths
from switchgear.errors import DataError, RecipeError
from switchgear.recipe import SourceRecipe


@pytest.mark.parametrize(
    ("raw", "place", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", ":1", "git lfs pull"),
        (b'\xef\xbb\xbf{"a": 1}\n', ":1", "byte-order mark"),
        (b'{"a": 1}\n{"a": "\xff"}\n', ":2", "not UTF-8"),
        (b'{"a": 1}\n{"a": "secre', ":2", "cut off"),
        (b'{"a": secret}\n{"a": 1}\n', ":1", "not JSON"),
        (b'[{"a": 1}]', ":1", "one JSON document"),
        (b'{\n "a": 1\n}\n', ":1", "one JSON document"),
        (b'{"a": 1}\n3\n', ":2", "holds a int"),
        (b'{"a": ' + b"9" * 5000 + b"}\n{}\n", ":1", "not JSON"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_not_quoted(tmp_path: Path, raw: bytes, place: str, said: str) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=said) as caught:
        list(jsonl(path))
    assert f"{path}{place} " in str(caught.value)
    assert "secre" not in str(caught.value)


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list(jsonl(tmp_path / "none.jsonl"))


def test_blank_lines_are_skipped_and_numbers_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\r\n\n{"a": "\\ud83d\\ude00 \\ud83d"}\n')
    assert [(line.number, line.value) for line in jsonl(path)] == [(1, {"a": 1}), (3, {"a": "\U0001f600 ?"})]


@pytest.mark.parametrize(
    ("raw", "key", "place", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "", ":1", "git lfs pull"),
        (b'[{"a": 1},\n {"a": "\xff"}]', "", ":2", "not UTF-8"),
        (b'[{"a": 1},\n {"a": "secre', "", ":2", "cut off"),
        (b'[{"a": 1},\n {"a": secret}]', "", ":2", "not JSON"),
        (b'[{"a": 1}, 3]', "", ": entry 2", "holds a int"),
        (b'{"a": "secret"}', "rows", "", "no list under 'rows'"),
        (b'[{"a": 1}]', "rows", ":1", "holds a list"),
    ],
)
def test_a_broken_document_is_named_with_its_place_and_not_quoted(
    tmp_path: Path, raw: bytes, key: str, place: str, said: str
) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=said) as caught:
        list(documents(path, key))
    assert f"{path}{place} " in str(caught.value)
    assert "secre" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ('[{"a": 1}, {"a": 2}]', ""),
        ('\n[\n  {"a": 1},\n  {"a": 2}\n]\n', ""),
        ('{"a": 1}\n{"a": 2}\n', ""),
        ('{"licence": "MIT", "rows": [{"a": 1}, {"a": 2}]}', "rows"),
    ],
)
def test_a_list_lines_and_a_wrapped_list_give_the_same_rows(tmp_path: Path, raw: str, key: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(raw)
    assert list(documents(path, key)) == [(1, '{"a": 1}', {"a": 1}), (2, '{"a": 2}', {"a": 2})]


def test_a_document_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_text('{"airline": [1, "\\ud83d"]}')
    assert document(path) == {"airline": [1, "?"]}


@given(raw=st.binary(max_size=200))
def test_any_bytes_give_objects_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("wild") / "a.jsonl"
    path.write_bytes(raw)
    values: list[object] = []
    message = str(path)
    try:
        values = [line.value for line in jsonl(path)]
    except DataError as error:
        message = str(error)
    assert str(path) in message
    assert all(isinstance(value, dict) for value in values)


def test_a_path_is_a_file_a_folder_or_a_pattern(tmp_path: Path) -> None:
    tmp_path = tmp_path / "data[1]"  # no pattern, though it looks like one
    tmp_path.mkdir()
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        (tmp_path / name).write_text("{}")
    names = {
        given: [path.name for path in paths(SourceRecipe(name="s", path=tmp_path / given), ".jsonl")]
        for given in ("", "b.jsonl")
    }
    assert names == {"": ["a.jsonl", "b.jsonl"], "b.jsonl": ["b.jsonl"]}
    pattern = SourceRecipe(name="s", path=tmp_path.parent / "data*" / "*.txt")
    assert [path.name for path in paths(pattern, ".jsonl")] == ["c.txt"]


def test_no_path_and_no_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="set its `path`"):
        paths(SourceRecipe(name="s"), ".jsonl")
    with pytest.raises(DataError, match=r"no \.jsonl file"):
        paths(SourceRecipe(name="s", path=tmp_path), ".jsonl")
