import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from switchgear.data.reading.tables import Row, read
from switchgear.errors import DataError

ROWS = [{"prompt": "Say hello,\nplease.", "label": "safe"}, {"prompt": "Grüß Gott", "label": ""}]


def write(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    write(tmp_path / "t.csv", 'prompt,label\r\n"Say hello,\nplease.",safe\r\nGrüß Gott,\r\n'.encode())
    lines = b'{"prompt": "Say hello,\\nplease.", "label": "safe"}', '{"prompt": "Grüß Gott", "label": ""}'.encode()
    write(tmp_path / "t.jsonl", b"\n".join(lines))
    write(tmp_path / "t.json", b"[" + b",".join(lines) + b"]")
    for suffix in ("csv", "json", "jsonl", "parquet"):
        rows = list(read(tmp_path / f"t.{suffix}"))
        assert [row.value for row in rows] == ROWS
        assert [row.place for row in rows] == [f"t.{suffix}:1", f"t.{suffix}:2"]
        assert len({row.sha256 for row in rows}) == 2
        assert {row.revision for row in rows} == {
            f"sha256 {hashlib.sha256((tmp_path / f't.{suffix}').read_bytes()).hexdigest()[:16]}"
        }


def test_a_list_in_a_wrapper_is_found_by_its_key(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", b'{"name": "x", "data": [{"a": 1}]}')
    assert [row.value for row in read(path, key="data")] == [{"a": 1}]
    with pytest.raises(DataError, match="no list under 'rows'"):
        list(read(path, key="rows"))


def test_a_byte_order_mark_of_a_csv_is_no_part_of_its_first_name(tmp_path: Path) -> None:
    (row,) = read(write(tmp_path / "t.csv", b"\xef\xbb\xbfid,x\n1,2\n"))
    assert row.value == {"id": "1", "x": "2"}


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("t.xlsx", b"", "Unknown file format '.xlsx'"),
        ("t.csv", b'id,x\n1,"secret', "cut off"),
        ("t.csv", b"id\n\xff\xff\n", "not UTF-8"),
        ("t.csv", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("t.parquet", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("t.parquet", b"PAR1 secret", "not Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(tmp_path: Path, name: str, raw: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        list(read(write(tmp_path / name, raw)))
    assert str(tmp_path / name) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list(read(tmp_path / "none.csv"))


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.mktemp("wild")
    for suffix in ("csv", "parquet"):
        rows: list[Row] = []
        message = str(folder)
        try:
            rows = list(read(write(folder / f"t.{suffix}", raw)))
        except DataError as error:
            message = str(error)
        assert str(folder) in message
        assert all(isinstance(row.value, dict) for row in rows)


def test_what_is_blank_or_no_text_reads_as_no_text() -> None:
    row = Row("t:1", 1, {"a": " \n", "b": 3, "c": None, "d": " x "}, "0", "1")
    assert [row.text(name) for name in "abcde"] == ["", "", "", " x ", ""]
