"""The one description of a run: YAML, checked field by field, any field overridable as `key=value`."""

from switchgear.recipe.data import DataRecipe, RenderRecipe, SourceRecipe
from switchgear.recipe.evaluation import AttackRecipe, CapabilityRecipe, EvaluateRecipe, TaskRecipe, TextJudgeRecipe
from switchgear.recipe.files import claim, load, save
from switchgear.recipe.gates import GatesRecipe
from switchgear.recipe.generation import EndpointRecipe, GenerateRecipe, JudgeRecipe
from switchgear.recipe.objectives import LatentAttackRecipe, ObjectiveOptions
from switchgear.recipe.problems import checked, explain
from switchgear.recipe.sections import ModelRecipe, Recipe
from switchgear.recipe.training import BatchRecipe, LoraRecipe, TrainRecipe

__all__ = [
    "AttackRecipe",
    "BatchRecipe",
    "CapabilityRecipe",
    "DataRecipe",
    "EndpointRecipe",
    "EvaluateRecipe",
    "GatesRecipe",
    "GenerateRecipe",
    "JudgeRecipe",
    "LatentAttackRecipe",
    "LoraRecipe",
    "ModelRecipe",
    "ObjectiveOptions",
    "Recipe",
    "RenderRecipe",
    "SourceRecipe",
    "TaskRecipe",
    "TextJudgeRecipe",
    "TrainRecipe",
    "checked",
    "claim",
    "explain",
    "load",
    "save",
]
