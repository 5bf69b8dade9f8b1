"""Section `generate`."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from switchgear.recipe.base import Section
from switchgear.recipe.data import SourceRecipe


class EndpointRecipe(Section):
    """A model behind an OpenAI-compatible server."""

    url: str = Field(pattern=r"^https?://[^@\s]+$")
    """Up to the version: `http://localhost:8000/v1`."""
    model: str
    """Its name there."""
    key_variable: str | None = None
    """The environment variable that holds the API key. The key itself belongs in no recipe."""
    timeout: float = Field(default=120, gt=0)
    """Seconds for one request."""
    attempts: PositiveInt = 5
    """Tries of one request, with growing pauses between them."""
    concurrency: PositiveInt = 8
    """Requests at a time."""
    body: dict[str, Any] = Field(default_factory=dict)
    """More fields of each request, for what this server alone understands; null leaves one of ours out."""


class JudgeRecipe(Section):
    name: str = "rules"
    """A key of `switchgear.generation.judges.JUDGES`."""
    endpoint: EndpointRecipe | None = None
    """For `endpoint`: the model that judges."""
    rubric: Path | None = None
    """For `endpoint`: a text file that says how to judge, in place of our own words."""
    function: str | None = None
    """For `callable`: `package.module:function`. Runs only where the command line allows it."""


class GenerateRecipe(Section):
    """A job: answers of one kind to prompts that have none."""

    kind: Literal["harmful", "benign", "refusal"]
    """What the answers are for. Harmful and benign ones are kept where they comply, refusals where they refuse."""
    prompts: tuple[SourceRecipe, ...] = Field(min_length=1)
    """Sources that yield cases: benchmarks of prompts, or `chat` with the option `role: case` on a file of your own."""
    samples: PositiveInt = 1
    """Answers to each prompt."""
    temperature: float = Field(default=1.0, ge=0)
    """0 is greedy: one answer to each prompt."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_new_tokens: PositiveInt = 256
    batch_size: PositiveInt = 16
    """Answers at a time; what a run that is cut off loses at most. The local model's samples depend on it."""
    prefill: str = ""
    """What each answer is made to begin with."""
    system: Path | None = None
    """A text file: a system prompt for the generator, which the examples do not keep."""
    endpoint: EndpointRecipe | None = None
    """The model that answers; without it, the recipe's own, here."""
    judge: JudgeRecipe = JudgeRecipe()

    @model_validator(mode="after")
    def _greedy_once(self) -> Self:
        if self.temperature == 0 and self.samples > 1:
            raise ValueError(f"{self.samples} greedy samples of one prompt are all the same: set `temperature` above 0")
        return self
