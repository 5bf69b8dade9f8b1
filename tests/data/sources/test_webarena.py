import json
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.sources.webarena import read
from switchgear.errors import DataError, RecipeError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role


def task(number: int, template: int = 1, answers: object = None, **fields: Any) -> dict[str, Any]:
    return {
        "task_id": number,
        "sites": ["shop", "map"],
        "start_url": "__SHOP__/teapots",
        "intent": f"Find teapot {number}",
        "intent_template": "Find teapot {{n}}",
        "intent_template_id": template,
        "eval": {"eval_types": ["string_match"], "reference_answers": answers},
    } | fields


def rows(folder: Path, *tasks: object, **options: object) -> list[Example | Drop]:
    path = folder / "test.raw.json"
    path.write_text(json.dumps(tasks))
    return list(read(SourceRecipe(name="webarena", path=path, options=options), seed=0))


def test_a_task_is_a_case_to_comply_with_in_the_group_of_its_template(tmp_path: Path) -> None:
    first, second, other = rows(tmp_path, task(1), task(2, answers={"exact_match": "blue"}), task(3, template=2))
    assert isinstance(first, Example)
    assert isinstance(second, Example)
    assert isinstance(other, Example)
    assert (first.role, first.trace, first.continuation) == (Role.CASE, None, ())
    assert (first.expectation.behaviour, first.expectation.expected) == ("comply", ())
    assert first.messages[0].content == "Find teapot 1\n\nStart at __SHOP__/teapots"
    assert first.tags["suite"] == "map+shop"
    assert first.group == second.group != other.group


def test_a_task_that_cannot_be_done_is_dropped(tmp_path: Path) -> None:
    _, impossible = rows(tmp_path, task(1), task(2, answers={"fuzzy_match": "N/A"}))
    assert impossible == Drop(reason="the task cannot be done", row="test.raw.json:2")


def test_wrong_rows_files_and_options_are_told_apart(tmp_path: Path) -> None:
    assert isinstance(rows(tmp_path, task(1), task(2, intent=None))[1], Drop)
    with pytest.raises(DataError, match=r"wrong: .*intent"):
        rows(tmp_path, {"prompt": "of another dataset"})
    with pytest.raises(RecipeError, match="site"):
        rows(tmp_path, task(1), site="shop")


def test_the_published_file(shared_data: Path) -> None:
    path = shared_data / "webarena" / "test.raw.json"
    found = list(read(SourceRecipe(name="webarena", path=path), seed=0))
    kept = [row for row in found if isinstance(row, Example)]
    assert (len(found), len(kept)) == (812, 776)
    assert len({row.id for row in kept}) == 776
