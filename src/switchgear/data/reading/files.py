"""Reading other people's data files: every way in which one can be broken is named, with the file and the line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from switchgear.errors import DataError, RecipeError
from switchgear.recipe import SourceRecipe

LFS_POINTER = b"version https://git-lfs"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Line(NamedTuple):
    """One line of a JSONL file, or entry of a JSON list: its number from 1, its text and the object in it."""

    number: int
    text: str
    value: dict[str, Any]


def paths(recipe: SourceRecipe, suffix: str) -> list[Path]:
    """The files that a source's `path` names, sorted: itself, the `suffix` files of a folder, or those of a pattern.

    Raises:
        RecipeError: the source has no `path`.
        DataError: there is no such file.
    """
    if recipe.path is None:
        raise RecipeError(f"Source {recipe.name} is read from disk: set its `path` to a file, a folder or a pattern.")
    path = recipe.path
    if path.is_dir():
        found = sorted(path.glob(f"*{suffix}"))
    elif path.is_file():
        found = [path]
    else:
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    if not found:
        raise DataError(f"Source {recipe.name}: there is no {suffix} file at {recipe.path}.")
    return found


def jsonl(path: Path) -> Iterator[Line]:
    """The objects of a JSONL file, blank lines skipped.

    Raises:
        DataError: missing, a Git-LFS pointer, a byte-order mark, not UTF-8, one JSON document, a damaged or truncated
            line, or a line that is not an object. It names the file and the line, and never quotes the text.
    """
    begun = False
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        if not begun and _opens_a_document(line):
            raise DataError(
                f"{path}:1 is one JSON document; one JSON object on each line is wanted: `jq -c '.[]'` converts it."
            )
        begun = True
        value = _parse(path, number, line, cut_off=not line.endswith(b"\n"))
        yield Line(number, line.removesuffix(b"\n").decode("utf-8"), _object(value, f"{path}:{number}"))


def documents(path: Path, key: str = "") -> Iterator[Line]:
    """The objects of a JSON list, of the list under `key` in a JSON object, or of JSONL that is named .json.

    Raises:
        DataError: as `jsonl`, or there is no such list.
    """
    first = next((line for line in _lines(path) if line.strip()), b"")
    if not key and not first.lstrip().startswith(b"["):
        yield from jsonl(path)
        return
    value = document(path)
    entries = _object(value, f"{path}:1").get(key) if key else value
    if not isinstance(entries, list):
        raise DataError(f"{path} holds no list under {key!r}. Is it a file of another dataset?")
    for number, entry in enumerate(entries, start=1):
        yield Line(number, json.dumps(entry, ensure_ascii=False), _object(entry, f"{path}: entry {number}"))


def document(path: Path) -> Any:
    """The value of a file that is one JSON document. Raises `DataError`, as `jsonl`."""
    raw = _read(path)
    return _parse(path, 1, raw, cut_off=not raw.rstrip().endswith((b"]", b"}")))


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, one at a time: it may be larger than the memory."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file):
                if number == 0:
                    _refuse(path, line)
                yield line
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    _refuse(path, raw)
    return raw


def _refuse(path: Path, start: bytes) -> None:
    if start.startswith(LFS_POINTER):
        raise DataError(f"{path}:1 is a Git-LFS pointer, not the data. Run `git lfs pull --include {path.name}` there.")
    if start.startswith(BYTE_ORDER_MARK):
        raise DataError(f"{path}:1 opens with a byte-order mark. Save the file as UTF-8 without one.")


def _opens_a_document(line: bytes) -> bool:
    """Whether the first line begins a list, or an object that is spread over several lines."""
    return line.lstrip().startswith(b"[") or (line.strip() == b"{" and line.endswith(b"\n"))


def _parse(path: Path, number: int, raw: bytes, cut_off: bool) -> Any:
    """The JSON value in `raw`, which starts at line `number`; `cut_off` is what to call it if there is none."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text)
        if _SURROGATE.search(text):  # half of a pair cannot be written: it becomes "?", whole pairs stay
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except UnicodeDecodeError as error:
        *above, start = raw[: error.start].split(b"\n")
        raise DataError(f"{path}:{number + len(above)} is not UTF-8 (byte {len(start) + 1} of the line).") from error
    except (ValueError, RecursionError) as error:
        cause = "is cut off: the file has no end, fetch it again" if cut_off else "is not JSON"
        line, place = number, ""
        if isinstance(error, json.JSONDecodeError):
            line, place = number + error.lineno - 1, f" (character {error.colno})"
        raise DataError(f"{path}:{line} {cause}{place}.") from error
    return value


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{place} holds a {type(value).__name__}; an object is wanted.")
    return value
