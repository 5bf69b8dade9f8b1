"""Functions of the user's that a recipe names."""

import importlib
from collections.abc import Callable
from typing import Any

from switchgear.errors import RecipeError


def named(field: str, path: str) -> Callable[..., Any]:
    """The function at `module:function`. Importing it runs its module. Raises `RecipeError` if there is none."""
    module, _, name = path.partition(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeError(
            f"{field}: given {path!r}, which does not import ({type(error).__name__}). "
            "Write package.module:function, of a module that Python finds."
        ) from error
    return function
