"""The sections of a recipe, field by field: what may be given, and what it means."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from switchgear.recipe.base import Section as _Section
from switchgear.recipe.gates import GatesRecipe
from switchgear.recipe.objectives import AttackRecipe, ObjectiveOptions

Fraction = Annotated[float, Field(gt=0, le=1)]


class ModelRecipe(_Section):
    name: str
    """A folder, a hub id, or the name of an embedded model (`smollm2-135m-instruct`)."""
    revision: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the frozen weights. `auto`: bfloat16."""
    quantization: Literal["4bit"] | None = None
    """`4bit`: NF4 weights, with products in bfloat16; needs bitsandbytes."""
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
    weight: float | None = Field(default=None, gt=0)
    """Of each kind that training draws from (harmful, clean, resisted, refusal), how much comes from here, relative to
    the other sources with a weight. Rows are left out until it holds. Without a weight, all rows are trained on."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What this source alone understands; each source documents and checks its own."""


class DataRecipe(_Section):
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
    options: ObjectiveOptions = ObjectiveOptions()
    margin: float = Field(default=0, ge=0, lt=1)
    """Reroute until the cosine is below this. 0 is the paper."""
    center: bool = False
    """Take the mean frozen state of the batch's retained tokens off before the cosine: what all states share."""
    attack: AttackRecipe | None = None
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
    alpha: float = Field(default=5, gt=0)
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
    layers: tuple[int, ...] | None = None
    """Blocks that are trained, counted from 0; without it, all up to the last target."""
    lora: LoraRecipe = LoraRecipe()
    batch: BatchRecipe = BatchRecipe()
    steps: PositiveInt = 150
    accumulate: PositiveInt = 1
    """Micro-batches of each process per optimiser step; `batch` counts the examples of one micro-batch."""
    shard: bool = False
    """With several processes: split the frozen blocks over them (FSDP2) instead of a copy for each."""
    deepspeed: Path | None = None
    """A DeepSpeed configuration (ZeRO stage 1 or 2) to train under; needs deepspeed."""
    learning_rate: float = Field(default=1e-4, gt=0)
    warmup_steps: int = Field(default=0, ge=0)
    max_grad_norm: float = Field(default=1, gt=0)
    log_every: PositiveInt = 5
    validate_every: PositiveInt = 20
    save_every: PositiveInt = 20
    plateau_steps: PositiveInt = 60
    """By when the reroute loss must have left its plateau."""
    gates: GatesRecipe = GatesRecipe()
    report_to: tuple[str, ...] = ()
    """Trackers that `transformers` knows: tensorboard, wandb, trackio ..."""

    @model_validator(mode="after")
    def _whole_rows_have_one_use(self) -> Self:
        if self.mask == "everything" and self.retain != "reference":
            raise ValueError(
                "mask `everything` reroutes whole conversations, requests included: it is there to repeat the authors' "
                "training, with `retain: reference`. Use `assistant` otherwise"
            )
        return self


class TextJudgeRecipe(_Section):
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


class EvaluateRecipe(_Section):
    modes: tuple[Literal["free", "forced", "prefilled"], ...] = ("free", "forced", "prefilled")
    """How a case is put: see `switchgear.evaluation.questions`."""
    max_new_tokens: PositiveInt = 64
    limit: PositiveInt | None = None
    """At most this many cases of each kind (hijacked, resisted, clean), drawn evenly over the groups."""
    batch_size: PositiveInt = 8
    judges: tuple[TextJudgeRecipe, ...] = ()
    """Each gives its own verdict on every answer that rules do not settle; their agreement is reported."""


class EndpointRecipe(_Section):
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


class JudgeRecipe(_Section):
    name: str = "rules"
    """A key of `switchgear.generation.judges.JUDGES`."""
    endpoint: EndpointRecipe | None = None
    """For `endpoint`: the model that judges."""
    rubric: Path | None = None
    """For `endpoint`: a text file that says how to judge, in place of our own words."""
    function: str | None = None
    """For `callable`: `package.module:function`. Runs only where the command line allows it."""


class GenerateRecipe(_Section):
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


class Recipe(_Section):
    run: Path
    """The folder that everything is written to."""
    seed: int = Field(default=0, ge=0)
    model: ModelRecipe
    data: DataRecipe
    generate: dict[Annotated[str, Field(pattern=r"^[\w-]+$")], GenerateRecipe] = Field(default_factory=dict)
    """Jobs by name. What one makes is written to `generated/NAME.jsonl`, for the source `generated`."""
    render: RenderRecipe = RenderRecipe()
    train: TrainRecipe = TrainRecipe()
    evaluate: EvaluateRecipe = EvaluateRecipe()
