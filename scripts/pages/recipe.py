"""Every field of a recipe: type, default, meaning, from its JSON Schema."""

import json
from typing import Any

from switchgear.cli.schema import recipe_schema

HEAD = """\
# Recipe

Every field that a recipe may hold, section by section. `switchgear schema` prints the same for editors: with
[`recipe.schema.json`](https://json-schema.org) beside a recipe, this first line gives completion and checks in VS Code
(YAML extension), JetBrains and every other editor that speaks yaml-language-server:

```yaml
# yaml-language-server: $schema=recipe.schema.json
```

Any field can be overridden on the command line by its path: `train.steps=80`, `data.sources.0.limit=50`,
`train.lora.rank=8`, `evaluate.modes='[free, forced]'`.
"""


def page() -> str:
    schema = recipe_schema()
    sections = [_section("Recipe", schema), *(_section(*each) for each in sorted(schema["$defs"].items()))]
    return HEAD + "".join(sections)


def _section(name: str, schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return f"\n## {name}\n\n{_kind(schema)}\n"
    about = "" if name == "Recipe" else " ".join(schema.get("description", "").split())
    required = schema.get("required", [])
    rows = "".join(_row(field, value, field in required) for field, value in schema["properties"].items())
    return f"\n## {name}\n\n{about}{about and chr(10) * 2}| field | type | default | |\n|---|---|---|---|\n{rows}"


def _row(name: str, field: dict[str, Any], required: bool) -> str:
    default = "required" if required else _default(field)
    about = " ".join(field.get("description", "").split())
    return f"| `{name}` | {_cell(_kind(field))} | {_cell(default)} | {_cell(about)} |\n"


def _default(field: dict[str, Any]) -> str:
    """As JSON; that of a whole section stands in its own table."""
    value = field.get("default")
    return "" if isinstance(value, dict) or "default" not in field else f"`{json.dumps(value, ensure_ascii=False)}`"


def _kind(field: dict[str, Any]) -> str:
    """What may stand there, in words: `text`, `whole number > 0`, a link to a section ..."""
    match field:
        case {"$ref": ref}:
            name = ref.rsplit("/", 1)[-1]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": kinds}:
            return " or ".join(_kind(kind) for kind in kinds)
        case {"enum": names}:
            return ", ".join(f"`{name}`" for name in names)
        case {"const": name}:
            return f"`{name}`"
        case {"type": "array"}:
            return f"list of {_kind(field.get('items', {}))}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"mapping to {_kind(values)}"
        case {"type": "object", "patternProperties": dict(values)}:
            return f"mapping to {_kind(next(iter(values.values())))}"
        case {"type": kind}:
            return TYPES[kind] + _limits(field)
    return "anything"


TYPES = {
    **{"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"},
    **{"object": "mapping", "null": "nothing"},
}
LIMITS = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}


def _limits(field: dict[str, Any]) -> str:
    return "".join(f" {sign} {field[name]:g}" for name, sign in LIMITS.items() if name in field)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
