"""The published shape, with our own harmless text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.errors import DataError
from switchgear.schema import Example, Role


def row(response: str, jailbroken: int | None, answered: int) -> dict[str, Any]:
    verdicts = {"is_jailbreak_substring_matching": answered}
    if jailbroken is not None:
        verdicts["is_jailbreak_llamaguard2"] = jailbroken
    return {"category": None if jailbroken is None else "Privacy", "prompt": "Sing!", "response": response} | verdicts


FILES = {
    "jailbreakbench_baseline": [row("I cannot.", 0, 0), row("La.", 1, 1), row("Hm.", 0, 1), row("", 0, 0)],
    "jailbreakbench_ablation": [row("La la.", 1, 1), row("La.", 0, 1)],
    "harmless_baseline": [row("Do re mi.", None, 1), row("I cannot.", None, 0)],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a-model"
    folder.mkdir()
    for name, completions in FILES.items():
        (folder / f"{name}_evaluations.json").write_text(json.dumps({"rate": 0.5, "completions": completions}))
    return folder


def test_a_row_is_kept_where_the_judges_agree_with_its_file(
    folder: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    assert outcomes(rows("refusal_direction", folder)) == {
        "refusal": 1,
        "a refusal by its file, but a jailbreak by LlamaGuard": 1,
        "a refusal by its file, but it has no phrase of refusal": 1,
        "no response": 1,
        "harmful": 1,
        "harmful by its file, but not by LlamaGuard": 1,
        "benign": 1,
        "benign by its file, but it has a phrase of refusal": 1,
    }


def test_answers_of_one_model_to_one_goal_are_twins_and_bear_the_benchmarks_name(
    folder: Path, rows: Callable[..., Any]
) -> None:
    kept = {row.role: row for row in rows("refusal_direction", folder) if isinstance(row, Example)}
    harmful, refusal, benign = kept[Role.HARMFUL], kept[Role.REFUSAL], kept[Role.BENIGN]
    assert harmful.group == refusal.group == "jailbreakbench/0"
    assert harmful.provenance.row == refusal.provenance.row == "a-model/jailbreakbench:1"
    assert harmful.tags["benchmark"] == refusal.tags["benchmark"] == "jailbreakbench"
    assert (harmful.category, harmful.tags["label"]) == ("privacy", "Privacy")
    assert "benchmark" not in benign.tags
    assert benign.group != harmful.group


def test_a_file_of_another_kind_is_refused(folder: Path, rows: Callable[..., Any]) -> None:
    (folder / "harmless_actadd_evaluations.json").write_text('{"completions": []}')
    with pytest.raises(DataError, match="is told by its name"):
        rows("refusal_direction", folder)


def test_the_published_files_are_all_accounted_for(
    shared_data: Path, rows: Callable[..., Any], outcomes: Callable[..., Counter[str]]
) -> None:
    found = rows("refusal_direction", shared_data / "refusal_direction" / "*" / "*.json")
    counts = outcomes(found)
    assert (counts["harmful"], counts["refusal"], counts["benign"], counts.total()) == (164, 162, 196, 600)
    groups = {row.group for row in found if isinstance(row, Example) and row.tags.get("benchmark")}
    artifacts = rows("jailbreakbench", shared_data / "jailbreakbench" / "GCG" / "transfer")
    assert groups <= {row.group for row in artifacts}
