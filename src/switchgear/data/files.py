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
    """One line of a JSONL file: its number from 1, its text and the object in it."""

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
    raw = _read(path)
    lines = raw.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _line(path, number, line, last=number == len(lines))


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    if raw.startswith(LFS_POINTER):
        raise DataError(f"{path}:1 is a Git-LFS pointer, not the data. Run `git lfs pull --include {path.name}` there.")
    if raw.startswith(BYTE_ORDER_MARK):
        raise DataError(f"{path}:1 opens with a byte-order mark. Save the file as UTF-8 without one.")
    if _is_one_document(raw):
        raise DataError(
            f"{path}:1 is one JSON document; one JSON object on each line is wanted: `jq -c '.[]'` converts it."
        )
    return raw


def _is_one_document(raw: bytes) -> bool:
    """A list, or an object that is spread over several lines."""
    first, _, rest = raw.lstrip().partition(b"\n")
    return first.startswith(b"[") or (first.strip() == b"{" and bool(rest))


def _line(path: Path, number: int, line: bytes, last: bool) -> Line:
    try:
        text = line.decode("utf-8")
        value = json.loads(text)
        if _SURROGATE.search(text):  # half of a pair cannot be written: it becomes "?", whole pairs stay
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}:{number} is not UTF-8 (byte {error.start} of the line).") from error
    except (ValueError, RecursionError) as error:
        cause = "is cut off: the file has no end, fetch it again" if last else "is not JSON"
        place = f" (character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{path}:{number} {cause}{place}.") from error
    if not isinstance(value, dict):
        raise DataError(f"{path}:{number} holds a {type(value).__name__}; an object is wanted.")
    return Line(number, text, value)
