"""`key=value` from the command line, put into the values of a recipe."""

from typing import Any

import yaml

from switchgear.errors import RecipeError


def override(values: dict[str, Any], text: str) -> None:
    """Sets one field of `values`, whole or nested (`train.steps=80`). Raises `RecipeError` where it cannot."""
    key, equals, given = text.partition("=")
    if not equals or not key:
        raise RecipeError(f"{text!r} is not an override. Write key=value, for example train.steps=80.")
    try:
        value = yaml.safe_load(given)
    except yaml.YAMLError as error:
        raise RecipeError(f"{text!r}: the value is not YAML: {error}") from error
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
