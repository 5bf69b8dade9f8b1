"""The one description of a run: YAML, checked field by field, any field overridable as `key=value`."""

from switchgear.recipe.files import claim, load, save
from switchgear.recipe.gates import GatesRecipe
from switchgear.recipe.objectives import AttackRecipe, ObjectiveOptions
from switchgear.recipe.problems import explain
from switchgear.recipe.sections import (
    BatchRecipe,
    DataRecipe,
    EndpointRecipe,
    EvaluateRecipe,
    GenerateRecipe,
    JudgeRecipe,
    LoraRecipe,
    ModelRecipe,
    Recipe,
    RenderRecipe,
    SourceRecipe,
    TrainRecipe,
)

__all__ = [
    "AttackRecipe",
    "BatchRecipe",
    "DataRecipe",
    "EndpointRecipe",
    "EvaluateRecipe",
    "GatesRecipe",
    "GenerateRecipe",
    "JudgeRecipe",
    "LoraRecipe",
    "ModelRecipe",
    "ObjectiveOptions",
    "Recipe",
    "RenderRecipe",
    "SourceRecipe",
    "TrainRecipe",
    "claim",
    "explain",
    "load",
    "save",
]
