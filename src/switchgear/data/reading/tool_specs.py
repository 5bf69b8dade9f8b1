"""Tool definitions, for data that has none or has them in types that are not JSON's."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from switchgear.schema import ToolCall, ToolSpec

_JSON_TYPE_OF = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}
_JSON_NAMES = {"dict": "object", "float": "number", "tuple": "array"} | {name: name for name in _JSON_TYPE_OF.values()}


def inferred(calls: Iterable[ToolCall]) -> tuple[ToolSpec, ...]:
    """A tool for each name that is called, by name: its arguments with the JSON types they had, and as required those
    that every call gives. There is nothing to take a description from."""
    arguments: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in calls:
        arguments[call.name].append(call.arguments)
    return tuple(ToolSpec(name=name, parameters=_parameters(arguments[name])) for name in sorted(arguments))


def json_schema(schema: Any) -> Any:
    """A schema in Python's types ("dict", "float", "tuple") as JSON Schema, at every depth.

    A type that JSON lacks ("any") is left out, which allows every value.
    """
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    kind = _JSON_NAMES.get(kind) if isinstance(kind, str) else kind
    repaired = ({"type": kind} if kind else {}) | {key: value for key, value in schema.items() if key != "type"}
    if isinstance(properties := schema.get("properties"), dict):
        repaired["properties"] = {name: json_schema(value) for name, value in properties.items()}
    if "items" in schema:
        repaired["items"] = json_schema(schema["items"])
    return repaired


def _parameters(given: list[dict[str, Any]]) -> dict[str, Any]:
    values: dict[str, list[Any]] = defaultdict(list)
    for arguments in given:
        for name, value in arguments.items():
            values[name].append(value)
    return {
        "type": "object",
        "properties": {name: _schema(seen) for name, seen in values.items()},
        "required": [name for name, seen in values.items() if len(seen) == len(given)],
    }


def _schema(values: list[Any]) -> dict[str, Any]:
    types = sorted({_JSON_TYPE_OF[type(value)] for value in values})
    if types == ["integer", "number"]:
        types = ["number"]
    return {"type": types[0] if len(types) == 1 else types}
