"""Tables that others publish: the rows of JSON, JSONL, CSV, Parquet and text files, all in one form."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from switchgear.data.reading.files import LFS_POINTER, Line, documents
from switchgear.errors import DataError, unknown
from switchgear.runs import sha256


class Row(NamedTuple):
    """One row: where it stands (`prompts.csv:12`; rows of CSV and Parquet are counted from 1), and what is in it."""

    place: str
    number: int
    value: dict[str, Any]
    sha256: str  # of the row
    revision: str  # of what it was read from

    def text(self, name: str) -> str:
        """The text of a field; "" where there is none, where it is blank, or where it is something else."""
        value = self.value.get(name)
        return value if isinstance(value, str) and value.strip() else ""


def read(path: Path, key: str = "") -> Iterator[Row]:
    """The rows of a file, by its suffix; in a JSON object, of the list under `key`.

    Raises:
        DataError: a format that is not known, or a file that is missing, damaged, a Git-LFS pointer or lacks the list.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: {unknown('file format', path.suffix, READERS)}")
    _refuse_pointer(path)
    revision = f"sha256 {sha256(path)[:16]}"
    for line in reader(path, key):
        yield row(f"{path.name}:{line.number}", line, revision)


def row(place: str, line: Line, revision: str) -> Row:
    return Row(place, line.number, line.value, hashlib.sha256(line.text.encode()).hexdigest(), revision)


def numbered(values: Iterable[dict[str, Any]]) -> Iterator[Line]:
    """Rows that are no text as they come, with the JSON that stands for them."""
    for number, value in enumerate(values, start=1):
        yield Line(number, json.dumps(value, ensure_ascii=False, default=str), value)


def _csv(path: Path, _key: str) -> Iterator[Line]:
    """Cells may hold line breaks, so the file is read as a whole and not line by line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        yield from numbered(csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start} of the file).") from error
    except csv.Error as error:
        raise DataError(f"{path} is not CSV, or is cut off ({error}).") from error


def _parquet(path: Path, _key: str) -> Iterator[Line]:
    from pyarrow import ArrowException, parquet

    try:
        batches = parquet.ParquetFile(path).iter_batches(batch_size=1000)
        yield from numbered(value for batch in batches for value in batch.to_pylist())
    except (OSError, ArrowException) as error:
        raise DataError(f"{path} is not Parquet, or is cut off ({type(error).__name__}).") from error


def _txt(path: Path, _key: str) -> Iterator[Line]:
    """A prompt on each line; blank lines are skipped."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start} of the file).") from error
    yield from (Line(number, line, {"user_prompt": line}) for number, line in enumerate(lines, start=1) if line.strip())


READERS: dict[str, Callable[[Path, str], Iterator[Line]]] = {
    ".csv": _csv,
    ".json": documents,
    ".jsonl": documents,
    ".parquet": _parquet,
    ".txt": _txt,
}


def _refuse_pointer(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(LFS_POINTER))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    if start == LFS_POINTER:
        raise DataError(f"{path}:1 is a Git-LFS pointer, not the data. Run `git lfs pull --include {path.name}` there.")
