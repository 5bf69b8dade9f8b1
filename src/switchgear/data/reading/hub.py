"""Tables on disk or on the Hugging Face hub: a source's `path` may be a file, a folder, a pattern, or `owner/name`.

A hub dataset is streamed: nothing but the rows that are read is downloaded.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pydantic import PositiveInt

from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.options import Options
from switchgear.data.reading.tables import READERS, Row
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe

_ID = re.compile(r"[\w.-]+/[\w.-]+")


class HubOptions(Options):
    hub: str = ""
    """A dataset of the hub, `owner/name`, where the source has no `path`."""
    subset: str | None = None
    """Which configuration of the hub dataset."""
    split: str = "train"
    revision: str | None = None
    """A commit or tag of the hub dataset. Name one: without it, the rows may be others tomorrow."""
    first_rows: PositiveInt | None = None
    """Read no more than this many rows: a hub dataset can be large."""


def rows(recipe: SourceRecipe, options: HubOptions) -> Iterator[Row]:
    """The rows of the files that `path` names, else of the hub dataset.

    Raises:
        RecipeError: neither a `path` nor a hub dataset is given.
        DataError: files that are missing or damaged, or a hub dataset that cannot be reached.
    """
    name = _hub_id(recipe, options)
    found = _streamed(name, options) if name else _from_disk(recipe)
    return islice(found, options.first_rows)


def is_hub_id(path: Path) -> bool:
    """Whether it looks like `owner/name`. A folder of that name comes first."""
    return _ID.fullmatch(str(path)) is not None and path.suffix.lower() not in READERS


def _hub_id(recipe: SourceRecipe, options: HubOptions) -> str:
    if recipe.path is None:
        return options.hub
    return str(recipe.path) if is_hub_id(recipe.path) and not recipe.path.exists() else ""


def _from_disk(recipe: SourceRecipe) -> Iterator[Row]:
    found = paths(recipe, "")
    if recipe.path and recipe.path.is_dir():
        found = [path for path in found if path.suffix.lower() in READERS]
        if not found:
            raise DataError(f"Source {recipe.name}: there is no {', '.join(READERS)} file in {recipe.path}.")
    for path in found:
        yield from tables.read(path)


def _streamed(name: str, options: HubOptions) -> Iterator[Row]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    revision = options.revision or "not given"
    try:
        found = load_dataset(name, options.subset, split=options.split, revision=options.revision, streaming=True)
    except (OSError, ValueError, DatasetsError) as error:
        raise DataError(
            f"The dataset {name!r} (split {options.split!r}) is not on this disk, and the hub did not give it: {error}"
            ". Check the name and the network, or download it and set the source's `path` to the files."
        ) from error
    try:
        for line in tables.numbered(found):
            yield tables.row(f"{name}/{options.split}:{line.number}", line, revision)
    except (OSError, ValueError, DatasetsError) as error:  # whose message may quote a row
        raise DataError(f"The dataset {name!r} broke off while it was read ({type(error).__name__}).") from error
