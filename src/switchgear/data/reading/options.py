"""A source's own options, checked."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from switchgear.errors import RecipeError
from switchgear.recipe import SourceRecipe, explain


class Options(BaseModel):
    """Base of the options of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Model = TypeVar("Model", bound=Options)


def checked(recipe: SourceRecipe, model: type[Model]) -> Model:
    """The options of a source as a `model`. Raises `RecipeError` with one line for each wrong field."""
    try:
        return model.model_validate(recipe.options)
    except ValidationError as error:
        lines = [f"Source {recipe.name}: its options cannot be used:", *(f"  {line}" for line in explain(error, model))]
        raise RecipeError("\n".join(lines)) from error
