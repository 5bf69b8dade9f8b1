"""A source's own options, checked."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from switchgear import recipe as recipes
from switchgear.recipe import SourceRecipe


class Options(BaseModel):
    """Base of the options of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Model = TypeVar("Model", bound=Options)


def checked(recipe: SourceRecipe, model: type[Model]) -> Model:
    """The options of a source as a `model`. Raises `RecipeError` with one line for each wrong field."""
    return recipes.checked(f"Source {recipe.name}", recipe.options, model)
