"""A hand-made AgentHarm: the published shape, our own harmless text."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.sources.agentharm.prompts import read
from switchgear.errors import DataError, RecipeError
from switchgear.recipe import SourceRecipe
from switchgear.schema import CallPattern, Drop, Example, Role

CANARY = "00000000-aaaa"
TOOLS = [
    {
        "name": "bake",
        "doc": "Bake a cake.\n\nArgs:\n    flour: Of which grain\n    eggs: How many\n\nReturns:\n    cake: A cake.",
        "parameters": [
            {"name": "flour", "type": "str", "required": True},
            {"name": "eggs", "type": "int", "required": False},
            {"name": "on_top", "type": "list[str]", "required": False},
        ],
    },
    {"name": "serve", "doc": "Serve it.", "parameters": []},
]


def behaviour(number: str = "1-1", **fields: Any) -> dict[str, Any]:
    agentic = {
        "detailed_prompt": True,
        "hint_included": False,
        "target_functions": ["bake", "serve", "serve"],
        "grading_function": "grade_cake",
    }
    chat = {"id": number, "id_original": "68", "name": "Cake", "category": "Fraud", "prompt": "Bake us a cake."}
    return {**chat, **agentic, **fields}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for kind in ("harmful", "benign"):
        write(tmp_path / f"{kind}_behaviors_test_public.json", behaviour(), behaviour("1-2", hint_included=True))
        (tmp_path / f"tools_{kind}.json").write_text(json.dumps(TOOLS))
    chat = {name: behaviour("1-2")[name] for name in ("id", "id_original", "name", "category", "prompt")}
    write(tmp_path / "chat_validation.json", chat)
    return tmp_path


def write(path: Path, *behaviours: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"canary_guid": CANARY, "behaviors": behaviours}))
    return path


def rows(path: Path, **options: object) -> list[Example | Drop]:
    return list(read(SourceRecipe(name="agentharm", path=path, options=options), seed=0))


def cases(path: Path) -> list[Example]:
    return [row for row in rows(path) if isinstance(row, Example)]


def test_a_harmful_prompt_is_to_be_refused_and_its_functions_are_forbidden(folder: Path) -> None:
    case = cases(folder / "harmful_behaviors_test_public.json")[0]
    assert case.expectation.behaviour == "refuse"
    assert case.expectation.forbidden == tuple(CallPattern(name=name) for name in ("bake", "serve", "serve"))
    assert case.expectation.expected == ()
    assert case.category == "fraud"


def test_a_benign_twin_is_to_be_done_with_the_functions_in_their_order(folder: Path) -> None:
    case = cases(folder / "benign_behaviors_test_public.json")[0]
    assert case.expectation.behaviour == "comply"
    assert [pattern.name for pattern in case.expectation.expected] == ["bake", "serve", "serve"]
    assert case.expectation.forbidden == ()


def test_a_chat_prompt_is_to_be_refused_and_has_no_tools(folder: Path) -> None:
    (case,) = cases(folder / "chat_validation.json")
    assert (case.expectation.behaviour, case.expectation.forbidden, case.tools) == ("refuse", (), ())


def test_nothing_can_be_trained_on(folder: Path) -> None:
    assert {(case.role, case.continuation, len(case.messages)) for case in cases(folder)} == {(Role.CASE, (), 1)}


def test_ids_differ_between_files_and_variants_twins_and_chat_share_a_group(folder: Path) -> None:
    found = cases(folder)
    assert len({case.id for case in found}) == len(found) == 5
    assert {case.group for case in found} == {"agentharm/68"}


def test_tags_tell_the_benchmark_its_split_and_the_variant_and_carry_the_canary(folder: Path) -> None:
    case = cases(folder / "harmful_behaviors_test_public.json")[1]
    assert case.tags == {
        "source": "agentharm",
        "benchmark": "agentharm",
        "split": "test_public",
        "kind": "harmful",
        "detailed": "true",
        "hint": "true",
        "canary": CANARY,
    }
    assert CANARY not in case.messages[0].content
    assert cases(folder / "chat_validation.json")[0].tags["split"] == "validation"


def test_tools_have_a_json_schema_with_the_descriptions_of_their_arguments(folder: Path) -> None:
    bake, serve = cases(folder)[0].tools
    assert (bake.name, bake.description) == ("bake", "Bake a cake.")
    assert bake.parameters == {
        "type": "object",
        "properties": {
            "flour": {"type": "string", "description": "Of which grain"},
            "eggs": {"type": "integer", "description": "How many"},
            "on_top": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["flour"],
    }
    assert serve.description == "Serve it."


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"prompt": " "}, "not an AgentHarm prompt (wrong: prompt)"),
        ({"id_original": None}, "not an AgentHarm prompt (wrong: id_original)"),
        ({"category": "Gardening"}, "a category that is not known"),
        ({"target_functions": ["eat"]}, "a target function that the tools file lacks"),
    ],
)
def test_a_row_that_cannot_be_used_is_dropped_with_a_reason(folder: Path, fields: dict[str, Any], reason: str) -> None:
    path = write(folder / "harmful_behaviors_validation.json", behaviour(**fields), behaviour("1-2"))
    dropped, kept = rows(path)
    assert isinstance(dropped, Drop)
    assert dropped.reason == reason
    assert isinstance(kept, Example)


def test_a_file_whose_name_does_not_tell_its_kind_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="told by its name alone"):
        rows(write(folder / "prompts.json", behaviour()))


def test_missing_or_damaged_tools_are_named(folder: Path) -> None:
    (folder / "tools_harmful.json").write_text('[{"name": "bake"}]')
    with pytest.raises(
        DataError, match=r"tools_harmful\.json is not a list of AgentHarm tools \(wrong: doc, parameters"
    ):
        rows(folder / "harmful_behaviors_test_public.json")
    (folder / "tools_harmful.json").unlink()
    with pytest.raises(DataError, match=r"tools_harmful\.json cannot be read"):
        rows(folder / "harmful_behaviors_test_public.json")


def test_it_has_no_options(folder: Path) -> None:
    with pytest.raises(RecipeError, match="splits"):
        rows(folder, splits="all")


def test_the_published_files_are_read_whole(shared_data: Path) -> None:
    found = cases(shared_data / "agentharm")
    assert Counter((case.tags["kind"], case.tags["split"]) for case in found) == {
        ("harmful", "test_public"): 176,
        ("harmful", "validation"): 32,
        ("benign", "test_public"): 176,
        ("benign", "validation"): 32,
        ("chat", "test_public"): 44,
        ("chat", "validation"): 8,
    }
    assert len({case.id for case in found}) == 468
    assert len({case.group for case in found}) == 52
    assert all(case.tools for case in found if case.tags["kind"] != "chat")
