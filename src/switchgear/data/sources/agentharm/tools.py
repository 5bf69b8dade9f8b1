"""The tools of AgentHarm's tasks: Python's types and a docstring, as JSON Schema."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from switchgear.data.reading import tables
from switchgear.data.reading.openai import wrong_fields
from switchgear.errors import DataError
from switchgear.schema import ToolSpec

JSON_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list[str]": {"type": "array", "items": {"type": "string"}},
}
_ARGUMENT = re.compile(r"^ +(\w+): (.+)$", re.MULTILINE)


class Parameter(BaseModel):
    name: str
    type: Literal["str", "int", "float", "bool", "list[str]"]
    required: bool


class Tool(BaseModel):
    name: str = Field(min_length=1)
    doc: str
    parameters: tuple[Parameter, ...]


def offered(path: Path) -> dict[str, ToolSpec]:
    """The tools of a file by name. Raises `DataError` for a file that is missing, damaged, or holds something else."""
    try:
        found = [Tool.model_validate(row.value) for row in tables.read(path)]
    except ValidationError as error:
        raise DataError(f"{path} is not a list of AgentHarm tools (wrong: {wrong_fields(error)}).") from error
    return {tool.name: _spec(tool) for tool in found}


def _spec(tool: Tool) -> ToolSpec:
    description, _, rest = tool.doc.partition("\n\nArgs:")
    told = dict(_ARGUMENT.findall(rest.partition("\n\nReturns:")[0]))
    properties = {
        parameter.name: JSON_TYPES[parameter.type]
        | ({"description": told[parameter.name]} if parameter.name in told else {})
        for parameter in tool.parameters
    }
    required = [parameter.name for parameter in tool.parameters if parameter.required]
    return ToolSpec(
        name=tool.name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": required},
    )
