"""What the tests of the sources share: a source's rows, and what became of each."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.sources import SOURCES
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example

Rows = Callable[..., list[Example | Drop]]


@pytest.fixture
def rows() -> Rows:
    """The rows of a source by its name, given a path and options."""

    def read(name: str, path: Path | None, **options: Any) -> list[Example | Drop]:
        return list(SOURCES[name](SourceRecipe(name=name, path=path, options=options), 0))

    return read


@pytest.fixture
def outcomes() -> Callable[[list[Example | Drop]], Counter[str]]:
    """How many rows have each role, and each reason for a drop."""

    def count(found: list[Example | Drop]) -> Counter[str]:
        kept = [row for row in found if isinstance(row, Example)]
        assert len({example.id for example in kept}) == len(kept), "an id occurs twice"
        return Counter(row.reason if isinstance(row, Drop) else row.role.value for row in found)

    return count
