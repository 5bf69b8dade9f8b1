"""BFCL v4 (Berkeley function calling): a request, some tools, and the calls that answer it.

Address: pypi.org/project/bfcl-eval 2026.3.23 (Apache-2.0), `bfcl_eval/data/BFCL_v4_<category>.json`, with the
answers in `possible_answer/` under the same name. Read here: the categories of one turn in Python's types
(`simple_python`, `multiple` tools, `parallel` calls), and `irrelevance`. Paper: Patil et al. 2025.

A row, and its answer:
    {"id": "parallel_7", "question": [[{"role": "user", "content": "Play Bach and Ravel."}]],
     "function": [{"name": "spotify.play", "description": "Play.", "parameters": {"type": "dict",
        "properties": {"artist": {"type": "string"}, "speed": {"type": "float"}}, "required": ["artist"]}}]}
    {"id": "parallel_7", "ground_truth": [{"spotify.play": {"artist": ["Bach", "J. S. Bach"], "speed": [1.0, ""]}},
                                          {"spotify.play": {"artist": ["Ravel"], "speed": ["", 1.0]}}]}

An answer lists the values that are accepted for each argument, "" for one that may be left out. The continuation makes
the calls in one message, each with the first accepted values. The expected patterns accept every accepted value. They
are wider where a pattern cannot say more: an argument that may be left out is not checked; of a list, only what all its
accepted forms share, or else that it has something of one of them.

In `irrelevance` no tool fits. The model may answer itself or say that it cannot, but should not call: the case is
tagged `calls: none`, and its expectation is empty, since that can only name calls, or demand or rule out a refusal.

Quirks: files are JSONL named .json; types are Python's ("dict", "float", "tuple", "any") and become JSON Schema's;
names are dotted, and stay so; an argument that the schema requires may list "" too, and is given all the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.openai import conversation
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.texts import Origin, example
from switchgear.data.reading.tool_specs import json_schema
from switchgear.data.sources.bfcl.answers import first_call, pattern
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Message, Role, ToolSpec, Trace

ORIGIN = Origin("bfcl", "Apache-2.0", benchmark="bfcl")


class Function(BaseModel):
    name: str = Field(min_length=1)
    description: str = ""
    parameters: dict[str, Any]


class Question(BaseModel):
    id: str
    question: list[Annotated[tuple[Message, ...], BeforeValidator(conversation)]] = Field(min_length=1)
    function: list[Function] = Field(min_length=1)


class Answer(BaseModel):
    id: str
    ground_truth: list[dict[str, dict[str, list[Any]]]]


Answers = dict[str, list[dict[str, dict[str, list[Any]]]]]
"""The calls by the question's id: tool -> argument -> the values that are accepted."""


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every question, kept or dropped.

    Raises:
        DataError: a file that is missing, damaged or of another dataset, or questions without their answers.
    """
    checked(recipe, Options)
    for path in paths(recipe, ".json"):
        category = path.stem.removeprefix("BFCL_v4_")
        answers = None if category == "irrelevance" else _answers(path)
        for row in shaped(tables.read(path), Question):
            yield row if isinstance(row, Drop) else _example(*row, category, answers)


def _answers(path: Path) -> Answers:
    answers = path.parent / "possible_answer" / path.name
    if not answers.is_file():
        raise DataError(f"{path}: its answers are wanted in {answers.parent.name}/{answers.name} beside it.")
    rows = shaped(tables.read(answers), Answer)
    return {row[1].id: row[1].ground_truth for row in rows if not isinstance(row, Drop)}


def _example(row: tables.Row, question: Question, category: str, answers: Answers | None) -> Example | Drop:
    if len(question.question) > 1:
        return Drop(reason="has several turns", row=row.place)
    messages = question.question[0]
    tools = tuple(_tool(function) for function in question.function)
    name = f"{ORIGIN.name}/{question.id}"
    if answers is None:
        tags = {"suite": category, "calls": "none"}
        return example(ORIGIN, row, Role.CASE, messages, id=name, tools=tools, tags=tags)
    gold = [item for calls in answers.get(question.id, ()) for item in calls.items()]
    if not gold:
        return Drop(reason="has no answer", row=row.place)
    required = {tool.name: tool.parameters.get("required") or () for tool in tools}
    if not {called for called, _ in gold} <= required.keys():
        return Drop(reason="the answer calls a tool that is not offered", row=row.place)
    calls = (
        first_call(called, arguments, required[called], f"call_{number}")
        for number, (called, arguments) in enumerate(gold)
    )
    return example(
        ORIGIN,
        row,
        Role.BENIGN,
        (*messages, Message(role="assistant", tool_calls=tuple(calls))),
        id=name,
        tools=tools,
        trace=Trace.CLEAN,
        expectation=Expectation(expected=tuple(pattern(called, arguments) for called, arguments in gold)),
        tags={"suite": category},
    )


def _tool(function: Function) -> ToolSpec:
    return ToolSpec(name=function.name, description=function.description, parameters=json_schema(function.parameters))
