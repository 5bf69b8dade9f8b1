"""The dataset as Parquet: the fields of `Example`, nested as they are.

Calls' arguments and JSON schemas stay JSON strings, as in the JSONL and in OpenAI's format, for they differ from tool
to tool and a column has one type. Tags are a struct of all tags that occur, with null where an example lacks one.
The stages of a run read the JSONL, which holds the same; Parquet is for others, who filter and browse it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import json as arrow_json
from pyarrow import parquet

from switchgear.schema import Example

BLOCK = 1 << 20
"""Bytes that are converted at a time, unless one line is longer."""
_SCALARS = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}


def write_parquet(jsonl: Path, path: Path, tags: Iterable[str]) -> None:
    """Convert a JSONL file of examples, a block at a time. `tags` are the names of all that may occur in it."""
    columns = schema(tags)
    with parquet.ParquetWriter(path, columns) as writer:
        for batch in _batches(jsonl, columns):
            writer.write_batch(batch)


def schema(tags: Iterable[str]) -> pa.Schema:
    """What pydantic says that it writes, in Arrow's types."""
    said = Example.model_json_schema(mode="serialization")
    named = pa.struct([(name, pa.string()) for name in sorted(tags) or ["source"]])
    fields = {name: _type(field, said["$defs"]) for name, field in said["properties"].items()} | {"tags": named}
    return pa.schema(list(fields.items()))


def _batches(jsonl: Path, columns: pa.Schema) -> Iterator[pa.RecordBatch]:
    with jsonl.open("rb") as file:
        longest = max(map(len, file), default=0)
    if longest:
        block = arrow_json.ReadOptions(block_size=max(BLOCK, 2 * longest))
        given = arrow_json.ParseOptions(explicit_schema=columns, unexpected_field_behavior="error")
        yield from arrow_json.open_json(jsonl, block, given)


def _type(said: Mapping[str, Any], definitions: Mapping[str, Any]) -> pa.DataType:
    """The Arrow type of a JSON schema."""
    if "$ref" in said:
        return _type(definitions[said["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in said:  # a value or null, which every Arrow type can be
        return next(_type(one, definitions) for one in said["anyOf"] if one.get("type") != "null")
    if said["type"] == "array":
        return pa.list_(_type(said["items"], definitions))
    if said["type"] == "object":
        return pa.struct([(name, _type(field, definitions)) for name, field in said.get("properties", {}).items()])
    return _SCALARS[said["type"]]
