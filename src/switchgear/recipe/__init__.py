"""The one description of a run: YAML, checked field by field, any field overridable as `key=value`."""

from switchgear.recipe.files import claim, load, save
from switchgear.recipe.problems import explain
from switchgear.recipe.sections import (
    BatchRecipe,
    DataRecipe,
    EvaluateRecipe,
    LoraRecipe,
    ModelRecipe,
    Recipe,
    RenderRecipe,
    SourceRecipe,
    TrainRecipe,
)

__all__ = [
    "BatchRecipe",
    "DataRecipe",
    "EvaluateRecipe",
    "LoraRecipe",
    "ModelRecipe",
    "Recipe",
    "RenderRecipe",
    "SourceRecipe",
    "TrainRecipe",
    "claim",
    "explain",
    "load",
    "save",
]
