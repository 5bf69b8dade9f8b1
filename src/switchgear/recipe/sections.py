"""The sections of a recipe, field by field: what may be given, and what it means."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from switchgear.recipe.base import Section
from switchgear.recipe.data import DataRecipe, RenderRecipe
from switchgear.recipe.evaluation import EvaluateRecipe
from switchgear.recipe.generation import GenerateRecipe
from switchgear.recipe.training import TrainRecipe


class ModelRecipe(Section):
    name: str
    """A folder, a hub id, or the name of an embedded model (`smollm2-135m-instruct`)."""
    revision: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the frozen weights. `auto`: bfloat16."""
    quantization: Literal["4bit"] | None = None
    """`4bit`: NF4 weights, with products in bfloat16; needs bitsandbytes."""
    trust_remote_code: bool = False
    """Runs code that comes with the model. Leave it off unless you have read that code."""


class Recipe(Section):
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
