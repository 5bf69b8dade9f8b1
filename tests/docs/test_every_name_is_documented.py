"""A name that a recipe can hold and the docs do not explain is a gap that nobody would notice."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from switchgear.data.injections.families import FAMILIES
from switchgear.data.labels.lint import LINTS
from switchgear.data.labels.taxonomy import Harm
from switchgear.data.sources import SOURCES
from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.judges import JUDGES
from switchgear.evaluation.scorers import SCORERS
from switchgear.generation.judges import JUDGES as JUDGES_OF_JOBS
from switchgear.model.masks import MASKS
from switchgear.recipe import GatesRecipe
from switchgear.training.objectives import OBJECTIVES, RETAIN
from switchgear.training.schedule import SCHEDULES

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS: dict[str, tuple[str, Iterable[str]]] = {
    "sources": ("reference/sources.md", SOURCES),
    "objectives": ("objectives.md", OBJECTIVES),
    "retain terms": ("objectives.md", RETAIN),
    "attacks": ("attacks.md", ATTACKS),
    "judges": ("reference/parts.md", JUDGES),
    "attack families": ("reference/parts.md", FAMILIES),
}
ROWS: dict[str, tuple[str, Iterable[str]]] = {
    "scorers": ("reference/parts.md", SCORERS),
    "judges of generated answers": ("reference/parts.md", JUDGES_OF_JOBS),
    "masks": ("choosing.md", MASKS),
    "schedules": ("objectives.md", SCHEDULES),
    "lints": ("data.md", LINTS),
    "harms": ("data.md", list(Harm)),
    "gates": ("scaling.md", GatesRecipe.model_fields),
}


@pytest.mark.parametrize("kind", SECTIONS)
def test_it_has_a_section(kind: str):
    page, names = SECTIONS[kind]
    headings = re.findall(r"^#+ .*", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert not [name for name in names if not any(f"`{name}`" in heading for heading in headings)], f"docs/{page}"


@pytest.mark.parametrize("kind", ROWS)
def test_it_has_a_row_in_a_table(kind: str):
    page, names = ROWS[kind]
    rows = re.findall(r"^\| `?(\w+)`? \|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert not set(names) - set(rows), f"docs/{page}"
