"""Sections `data` and `render`: what is read, what is held out, and how it is cut."""

from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from switchgear.recipe.base import Section


class SourceRecipe(Section):
    name: str
    """A key of `switchgear.data.sources.SOURCES`."""
    path: Path | None = None
    """A file, a folder, or (`*` allowed) a pattern of files, for sources that are read from disk."""
    limit: PositiveInt | None = None
    """Keep at most this many examples, drawn evenly over the groups with the recipe's seed."""
    max_characters: PositiveInt | None = None
    """Leave out longer conversations (tools included); they are counted on the card."""
    weight: float | None = Field(default=None, gt=0)
    """Of each kind that training draws from (harmful, clean, resisted, refusal), how much comes from here, relative to
    the other sources with a weight. Rows are left out until it holds. Without a weight, all rows are trained on."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What this source alone understands; each source documents and checks its own."""


class DataRecipe(Section):
    sources: tuple[SourceRecipe, ...] = Field(min_length=1)
    holdout: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Tag -> values never seen in training. An example is held out when every one of these tags that it carries is
    listed, trained on when none is, and left out of both otherwise."""
    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of the training groups kept aside for the curves."""
    commercial_use: bool = False
    """Leave out rows whose licence forbids commercial use, and rows that state no licence."""
    allow_benchmarks: tuple[str, ...] = ()
    """Benchmarks that may be trained on, of those that `benchmarks` knows. Their prompts are taken out
    of the training rows otherwise. What is trained on cannot be reported on."""


class RenderRecipe(Section):
    max_tokens: int = Field(default=1024, ge=16)
    """Longer conversations are cut in the context; the continuation is kept."""
