"""What is wrong with a recipe, in words."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from switchgear.errors import RecipeError, unknown

Model = TypeVar("Model", bound=BaseModel)


def checked(owner: str, options: dict[str, Any], model: type[Model]) -> Model:
    """The options of `owner` ("Source chat") as a `model`. Raises `RecipeError` with one line for each wrong field."""
    try:
        return model.model_validate(options)
    except ValidationError as error:
        lines = [f"{owner}: its options cannot be used:", *(f"  {line}" for line in explain(error, model))]
        raise RecipeError("\n".join(lines)) from error


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
