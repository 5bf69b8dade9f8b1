"""Section `evaluate`."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveInt

from switchgear.recipe.base import Section
from switchgear.schema import Trace


class TextJudgeRecipe(Section):
    """Who says what an answer is, when rules are not sure."""

    name: str
    """A key of `switchgear.evaluation.judges.JUDGES`."""
    model: str = ""
    """As Inspect names it: `hf/FOLDER`, `vllm/NAME`, `openai-api/SERVICE/NAME`; for `python`, `module:function`."""
    base_url: str | None = None
    """Of the server, if the provider's environment variable does not say."""
    policy: Path | None = None
    """A text file in place of our own words, for `policy` and `rubric`."""
    timeout: float = Field(default=120, gt=0)
    """Seconds for one answer."""
    concurrency: PositiveInt = 8
    """Answers at a time; of a local model, its batch."""
    options: dict[str, Any] = Field(default_factory=dict)
    """More arguments of Inspect's provider."""


class EvaluateRecipe(Section):
    modes: tuple[Literal["free", "forced", "prefilled"], ...] = ("free", "forced", "prefilled")
    """How a case is put: see `switchgear.evaluation.questions`."""
    max_new_tokens: PositiveInt = 64
    limit: PositiveInt | dict[Trace, PositiveInt] | None = None
    """At most this many cases of each kind (hijacked, resisted, clean), drawn evenly over the groups."""
    batch_size: PositiveInt = 8
    judges: tuple[TextJudgeRecipe, ...] = ()
    """Each gives its own verdict on every answer that rules do not settle; their agreement is reported."""
