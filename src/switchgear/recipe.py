"""The one description of a run: YAML, checked field by field, any field overridable as `key=value`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from switchgear.errors import RecipeError, RunError, unknown
from switchgear.runs import Run, record, replacing

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


def load(path: Path, overrides: list[str] | tuple[str, ...] = ()) -> Recipe:
    """The recipe in a YAML file with `key=value` overrides applied (`train.steps=80`, `data.sources.0.limit=50`).

    Raises:
        RecipeError: no such file, not YAML, or a field that is unknown or of the wrong type; it names the field,
            the value that was given and what is allowed.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"No recipe at {path} ({error.strerror}). The ones that ship are in recipes/.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise RecipeError(
            f"{path} holds a {type(values).__name__}; a recipe is a mapping with `run`, `model` and `data`."
        )
    for override in overrides:
        _override(values, override)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError(
            "\n".join([f"{path} cannot be used:", *(f"  {line}" for line in explain(error, Recipe))])
        ) from error


def save(recipe: Recipe, path: Path) -> None:
    """Every field, defaults included, as YAML that `load` reads back to an equal recipe."""
    with replacing(path) as file:
        yaml.safe_dump(recipe.model_dump(mode="json"), file, sort_keys=False, allow_unicode=True)


def claim(recipe: Recipe) -> Run:
    """The run folder of a recipe, with the recipe and the environment written into it.

    Raises:
        RunError: the folder was begun with another recipe. Only the `evaluate` section and its own place may change.
    """
    run = Run(recipe.run)
    if run.recipe.exists():
        free = {"run", "evaluate"}
        before, now = (_flat(each.model_dump(mode="json", exclude=free)) for each in (load(run.recipe), recipe))
        changed = [
            f"{key}: {before.get(key)} there, {now.get(key)} now"
            for key in before | now
            if before.get(key) != now.get(key)
        ]
        if changed:
            raise RunError(
                f"{run.root} was begun with another recipe ({'; '.join(changed)}). "
                "Choose another folder with run=..., or delete that one."
            )
    save(recipe, run.recipe)
    record(run, seed=recipe.seed)
    return run


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        key: leaf for name, child in value.items() for key, leaf in _flat(child, f"{prefix}.{name}".strip(".")).items()
    }


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line per wrong field: its path, the value given, what is allowed."""
    lines = []
    issues = error.errors()
    locations = [issue["loc"] for issue in issues]
    for issue in issues:
        if any(other != issue["loc"] and other[: len(issue["loc"])] == issue["loc"] for other in locations):
            continue  # a part of it is wrong, and is named
        field = ".".join(map(str, issue["loc"]))
        if issue["type"] == "extra_forbidden":
            section = _section(model, issue["loc"][:-1])
            lines.append(f"{field}: {unknown('field', str(issue['loc'][-1]), section.model_fields)}")
        elif issue["type"] == "missing":
            lines.append(f"{field}: is required, and was not given.")
        else:
            lines.append(f"{field}: given {issue['input']!r}. {issue['msg']}.")
    return lines


def _section(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    for name in location:
        field = model.model_fields.get(str(name))
        if field is None:
            continue  # an index into a list of sections
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return model


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"{override!r} is not an override. Write key=value, for example train.steps=80.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"{override!r}: the value is not YAML: {error}") from error
    *parents, last = key.split(".")
    place: Any = values
    for name in parents:
        place = _child(place, name, key)
    if isinstance(place, list):
        _child(place, last, key)  # must exist
        place[int(last)] = value
    else:
        place[last] = value


def _child(place: Any, name: str, key: str) -> Any:
    if isinstance(place, list):
        if not name.isdigit() or int(name) >= len(place):
            raise RecipeError(f"{key}: {name!r} is not one of the {len(place)} entries, counted from 0.")
        return place[int(name)]
    child = place.setdefault(name, {})
    if not isinstance(child, dict | list):
        raise RecipeError(f"{key}: {name} holds {child!r}, which has no fields.")
    return child
