"""Which of a recipe's sources can be read here."""

from collections.abc import Iterable
from pathlib import Path

from switchgear.data.reading.files import LFS_POINTER, paths
from switchgear.data.reading.hub import is_hub_id
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe

FROM_HUB = ("chat", "tulu", "ultrachat")
"""Sources whose `path` may be the name of a hub dataset."""


def present(sources: Iterable[SourceRecipe]) -> tuple[list[SourceRecipe], list[dict[str, str]]]:
    """The sources whose files are here, and for each of the others its name, path and why not.

    Raises:
        DataError: none is here.
    """
    here, skipped = [], []
    for source in sources:
        if why := absent(source):
            skipped.append({"name": source.name, "path": str(source.path), "why": why})
        else:
            here.append(source)
    if not here:
        raise DataError(f"No source is here: {', '.join(each['path'] for each in skipped)}. Download one first.")
    return here, skipped


def absent(source: SourceRecipe) -> str | None:
    """Why a source cannot be read here, or None if it can, or is read from elsewhere."""
    if source.path is None or (source.name in FROM_HUB and is_hub_id(source.path) and not source.path.exists()):
        return None
    try:
        found = paths(source, "")
    except DataError:
        return "no such file"
    files = [path for path in found if path.is_file()]
    return "Git-LFS pointers, not the data" if files and all(map(_is_pointer, files)) else None


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(LFS_POINTER)) == LFS_POINTER
