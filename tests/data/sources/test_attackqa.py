import json
from pathlib import Path
from typing import Any

from switchgear.data.labels.lint import lint
from switchgear.data.sources.attackqa import read
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, Trace


def record(identifier: str = "attackqa_T1_0", **fields: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "source": "attack_qa",
        "label": 0,
        "prompt": "How is a picked lock noticed?",
        "trace": "<thinking>Locks have pins.</thinking>\nBy scratches on its pins.",
        "meta_technique": "T1",
    } | fields


def rows(folder: Path, *records: object) -> list[Example | Drop]:
    path = folder / "unified.json"
    path.write_text(json.dumps(records))
    return list(read(SourceRecipe(name="attackqa", path=path), seed=0))


def test_an_answer_is_benign_and_comes_without_its_reasoning(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, record())
    assert isinstance(example, Example)
    assert (example.role, example.trace, example.continuation) == (Role.BENIGN, Trace.CLEAN, (1,))
    assert [message.content for message in example.messages] == [
        "How is a picked lock noticed?",
        "By scratches on its pins.",
    ]
    assert lint(example) is None


def test_a_technique_and_its_sub_techniques_are_one_group(tmp_path: Path) -> None:
    found = rows(tmp_path, record("a"), record("b", meta_technique="T1.002"), record("c", meta_technique="T2"))
    assert [row.group for row in found if isinstance(row, Example)] == ["attackqa/T1", "attackqa/T1", "attackqa/T2"]


def test_rows_of_other_datasets_and_rows_without_an_answer_are_dropped(tmp_path: Path) -> None:
    found = rows(tmp_path, record(), record(source="agent_dojo"), record(trace="<thinking>Hm.</thinking>\n"))
    assert [row.reason for row in found if isinstance(row, Drop)] == [
        "of agent_dojo, whose labels here are wrong",
        "no question or no answer",
    ]


def test_the_published_file(shared_data: Path) -> None:
    path = shared_data / "attackqa" / "agent_training_data_unified.json"
    found = list(read(SourceRecipe(name="attackqa", path=path), seed=0))
    kept = [row for row in found if isinstance(row, Example)]
    assert (len(found), len(kept)) == (3731, 2000)
    assert not any("thinking>" in message.content for row in kept for message in row.messages)
