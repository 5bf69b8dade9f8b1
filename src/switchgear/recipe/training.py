"""Section `train`."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from switchgear.recipe.base import Section
from switchgear.recipe.gates import GatesRecipe
from switchgear.recipe.objectives import LatentAttackRecipe, ObjectiveOptions


class LoraRecipe(Section):
    rank: PositiveInt = 16
    alpha: float = Field(default=16, gt=0)
    dropout: float = Field(default=0, ge=0, lt=1)
    modules: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    initial_b: float = Field(default=1e-3, ge=0)
    """Standard deviation of B at the start. At 0 the adapted states equal the frozen ones, where RR has no gradient."""


class BatchRecipe(Section):
    """Examples of each kind in one optimiser step."""

    harmful: PositiveInt = 2
    clean: int = Field(default=1, ge=0)
    resisted: int = Field(default=2, ge=0)
    refusal: int = Field(default=0, ge=0)


class TrainRecipe(Section):
    objective: str = "rr"
    """A key of `switchgear.training.objectives.OBJECTIVES`."""
    options: ObjectiveOptions = ObjectiveOptions()
    margin: float = Field(default=0, ge=0, lt=1)
    """Reroute until the cosine is below this. 0 is the paper."""
    center: bool = False
    """Take the mean frozen state of the batch's retained tokens off before the cosine: what all states share."""
    attack: LatentAttackRecipe | None = None
    """Reroute under attack (`attack: {}` for its defaults)."""
    retain: str = "relative"
    """A key of `switchgear.training.objectives.retain.RETAIN`. `reference` is the authors'."""
    retain_weight: float = Field(default=1, ge=0)
    """Multiplies the retain loss, whatever the schedule."""
    kl: float = Field(default=0, ge=0)
    """Weight, within the retain loss, of KL(frozen || adapted) on benign continuations. It needs all blocks to run."""
    kl_temperature: float = Field(default=1, gt=0)
    schedule: str = "dual"
    """A key of `switchgear.training.schedule.SCHEDULES`."""
    reroute_floor: float = Field(default=0, ge=0)
    """Added to the reroute coefficient, as a share of alpha, so that rerouting never ends."""
    retain_floor: float = Field(default=0, ge=0)
    """Added to the retain coefficient, as a share of alpha, so that benign states are held from the first step."""
    retain_warmup: float = Field(default=0, ge=0, le=1)
    """Share of the run over which the retain coefficient, floor included, rises from 0."""
    alpha: float = Field(default=5.0, gt=0)
    decay_multiplier: float = Field(default=2, gt=0)
    """Schedules that decay reach a reroute coefficient of 0 after this many times the run. 2 is the paper."""
    target_layers: tuple[int | float, ...] = Field(default=(1 / 3, 2 / 3), min_length=1)
    """Hidden states to reroute: whole numbers are indices (0 = embedding), fractions are relative depth."""
    mask: str | dict[str, float] = "assistant"
    """Which spans of a harmful continuation are rerouted: a key of `switchgear.model.masks.MASKS`, or weights by key,
    of which the last that chooses a token counts (`{assistant: 1, thinking: 0}`). `everything` is the authors' mask,
    which covers the request too; it needs `retain: reference`."""
    empty_user: float = Field(default=0.0, ge=0, le=1)
    """Share of the training examples whose requests are emptied. The authors: half, for Llama."""
    adapter: Literal["lora", "full"] = "lora"
    """`full`: a copy of each chosen block is trained whole, and its frozen original kept beside it."""
    layers: tuple[int, ...] | Annotated[float, Field(gt=0, lt=1)] | None = None
    """Blocks that are trained, counted from 0; a fraction: those from this relative depth to the last target; without
    it, all up to there."""
    lora: LoraRecipe = LoraRecipe()
    batch: BatchRecipe = BatchRecipe()
    steps: PositiveInt = 150
    accumulate: PositiveInt = 1
    """Micro-batches of each process per optimiser step; `batch` counts the examples of one micro-batch."""
    lockstep: bool = True
    """With weights in bfloat16: compute adapted states as frozen ones and a difference, so that rounding does not drown
    the gradients of the first steps. Not under `attack`."""
    checkpointing: bool = False
    """Recompute the activations of each block in the backward pass, and keep its input alone. The gradients are the
    same; a step needs a fraction of the memory and takes about 1.4 times as long, in lockstep 1.5 times."""
    shard: bool = False
    """With several processes: split the frozen blocks over them (FSDP2) instead of a copy for each."""
    deepspeed: Path | None = None
    """A DeepSpeed configuration (ZeRO stage 1 or 2) to train under; needs deepspeed."""
    learning_rate: float = Field(default=1e-4, gt=0)
    warmup_steps: int = Field(default=0, ge=0)
    learning_rate_decay: Literal["none", "linear", "cosine"] = "none"
    """How the learning rate falls, from the end of its warm-up to 0 at the end of the run."""
    max_grad_norm: float = Field(default=1, gt=0)
    log_every: PositiveInt = 5
    validate_every: PositiveInt = 20
    save_every: PositiveInt = 20
    plateau_steps: PositiveInt = 60
    """By when the reroute loss must have left its plateau."""
    gates: GatesRecipe = GatesRecipe()
    report_to: tuple[str, ...] = ()
    """Trackers that `transformers` knows: tensorboard, wandb, trackio ... They get the figures of `metrics.jsonl`.
    May change when a run resumes."""

    @model_validator(mode="after")
    def _whole_rows_have_one_use(self) -> Self:
        if self.mask == "everything" and self.retain != "reference":
            raise ValueError(
                "mask `everything` reroutes whole conversations, requests included: it is there to repeat the authors' "
                "training, with `retain: reference`. Use `assistant` otherwise"
            )
        return self
