"""The sections of a recipe, field by field: what may be given, and what it means."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Fraction = Annotated[float, Field(gt=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ModelRecipe(_Section):
    name: str
    """A folder, a hub id, or the name of an embedded model (`smollm2-135m-instruct`)."""
    revision: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the frozen weights. `auto`: bfloat16."""
    trust_remote_code: bool = False
    """Runs code that comes with the model. Leave it off unless you have read that code."""


class SourceRecipe(_Section):
    name: str
    """A key of `switchgear.data.sources.SOURCES`."""
    path: Path | None = None
    """A file, a folder, or (`*` allowed) a pattern of files, for sources that are read from disk."""
    limit: PositiveInt | None = None
    """Keep at most this many examples, drawn evenly over the groups with the recipe's seed."""
    max_characters: PositiveInt | None = None
    """Leave out longer conversations (tools included); they are counted on the card."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What this source alone understands; each source documents and checks its own."""


class DataRecipe(_Section):
    sources: tuple[SourceRecipe, ...] = Field(min_length=1)
    holdout: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Tag -> values never seen in training. An example is held out when every one of these tags that it carries is
    listed, trained on when none is, and left out of both otherwise."""
    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of the training groups kept aside for the curves."""


class RenderRecipe(_Section):
    max_tokens: int = Field(default=1024, ge=16)
    """Longer conversations are cut in the context; the continuation is kept."""


class LoraRecipe(_Section):
    rank: PositiveInt = 16
    alpha: float = Field(default=16, gt=0)
    dropout: float = Field(default=0, ge=0, lt=1)
    modules: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    initial_b: float = Field(default=1e-3, ge=0)
    """Standard deviation of B at the start. At 0 the adapted states equal the frozen ones, where RR has no gradient."""


class BatchRecipe(_Section):
    """Examples of each kind in one optimiser step."""

    harmful: PositiveInt = 2
    clean: int = Field(default=1, ge=0)
    resisted: int = Field(default=2, ge=0)
    refusal: int = Field(default=0, ge=0)


class TrainRecipe(_Section):
    objective: str = "rr"
    """A key of `switchgear.training.objectives.OBJECTIVES`."""
    margin: float = Field(default=0, ge=0, lt=1)
    """Reroute until the cosine is below this. 0 is the paper."""
    retain: Literal["relative", "reference"] = "relative"
    """`relative`: distance over the frozen norm, at the target states. `reference`: the authors', at all states."""
    retain_floor: float = Field(default=0, ge=0)
    """Added to the retain coefficient, so that benign states are held from the first step."""
    schedule: str = "dual"
    """A key of `switchgear.training.schedule.SCHEDULES`."""
    alpha: float = Field(default=5, gt=0)
    decay_multiplier: float = Field(default=2, gt=0)
    """`dual` reaches a reroute coefficient of 0 after this many times the run. 2 is the paper."""
    target_layers: tuple[int | float, ...] = Field(default=(1 / 3, 2 / 3), min_length=1)
    """Hidden states to reroute: whole numbers are indices (0 = embedding), fractions are relative depth."""
    mask: str = "assistant"
    """Which spans of a harmful continuation are rerouted; a key of `switchgear.model.masks.MASKS`."""
    lora: LoraRecipe = LoraRecipe()
    batch: BatchRecipe = BatchRecipe()
    steps: PositiveInt = 150
    accumulate: PositiveInt = 1
    """Micro-batches per optimiser step; `batch` counts the examples of one micro-batch."""
    learning_rate: float = Field(default=1e-4, gt=0)
    warmup_steps: int = Field(default=0, ge=0)
    max_grad_norm: float = Field(default=1, gt=0)
    log_every: PositiveInt = 5
    validate_every: PositiveInt = 20
    save_every: PositiveInt = 20
    plateau_steps: PositiveInt = 60
    """Stop if the reroute loss has not left its plateau by this step."""
    report_to: tuple[str, ...] = ()
    """Trackers that `transformers` knows: tensorboard, wandb, trackio ..."""


class EvaluateRecipe(_Section):
    modes: tuple[Literal["free", "forced", "prefilled"], ...] = ("free", "forced", "prefilled")
    """How a case is put: see `switchgear.evaluation.questions`."""
    max_new_tokens: PositiveInt = 64
    limit: PositiveInt | None = None
    """At most this many cases of each kind (hijacked, resisted, clean), drawn evenly over the groups."""
    batch_size: PositiveInt = 8


class Recipe(_Section):
    run: Path
    """The folder that everything is written to."""
    seed: int = Field(default=0, ge=0)
    model: ModelRecipe
    data: DataRecipe
    render: RenderRecipe = RenderRecipe()
    train: TrainRecipe = TrainRecipe()
    evaluate: EvaluateRecipe = EvaluateRecipe()
