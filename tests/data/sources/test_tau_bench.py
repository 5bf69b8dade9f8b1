import json
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.labels.lint import lint
from switchgear.data.sources.tau_bench import read
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import CallPattern, Drop, Example, Role, Trace


def assistant(content: str | None, name: str = "", **arguments: object) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": "assistant", "content": content}
    if name:
        function = {"name": name, "arguments": json.dumps(arguments)}
        turn["tool_calls"] = [{"id": f"call_{name}", "type": "function", "function": function}]
    return turn


def result(name: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{name}", "name": name, "content": content}


TRAJECTORY = [
    {"role": "system", "content": "# Library policy"},
    {"role": "user", "content": "I am kim_1. Renew my book."},
    assistant(None, "get_reader", reader="kim_1"),
    result("get_reader", '{"book": "b7"}'),
    assistant("One moment.", "renew", book="b7", weeks=3),
    result("renew", "done"),
    assistant("It is renewed."),
    {"role": "user", "content": "Thanks! ###STOP###"},
]


def dialogue(**fields: Any) -> dict[str, Any]:
    return {"task_id": 4, "trial": 0, "reward": 1.0, "info": {"user_cost": 0.1}, "traj": TRAJECTORY} | fields


def rows(folder: Path, *dialogues: object) -> list[Example | Drop]:
    path = folder / "some-model-library.json"
    path.write_text(json.dumps(dialogues))
    return list(read(SourceRecipe(name="tau_bench", path=path), seed=0))


def test_a_solved_task_is_benign_and_all_of_the_agents_turns_are_its_continuation(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, dialogue())
    assert isinstance(example, Example)
    assert (example.role, example.trace) == (Role.BENIGN, Trace.CLEAN)
    assert example.continuation == (2, 4, 6)
    assert [message.role for message in example.messages][-1] == "assistant"
    assert example.messages[2].tool_calls[0].arguments == {"reader": "kim_1"}
    assert (example.messages[2].content, example.messages[3].name) == ("", "get_reader")
    assert (example.group, example.tags["suite"]) == ("tau/library/4", "library")
    assert lint(example) is None


def test_expected_are_the_calls_with_what_could_be_copied_from_before_them(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, dialogue())
    assert isinstance(example, Example)
    get, renew = example.expectation.expected
    assert (get.name, [(p.argument, p.value) for p in get.arguments]) == ("get_reader", [("reader", "kim_1")])
    assert (renew.name, [(p.argument, p.value) for p in renew.arguments]) == ("renew", [("book", "b7")])
    assert isinstance(renew, CallPattern)


def test_tools_are_inferred_from_all_dialogues_of_the_file(tmp_path: Path) -> None:
    failed = dialogue(trial=1, reward=0.0, traj=[*TRAJECTORY[:2], assistant(None, "find_book", title="Tea", new=True)])
    kept, _ = rows(tmp_path, dialogue(), failed)
    assert isinstance(kept, Example)
    tools = {tool.name: tool.parameters for tool in kept.tools}
    assert list(tools) == ["find_book", "get_reader", "renew"]
    assert tools["find_book"]["properties"] == {"title": {"type": "string"}, "new": {"type": "boolean"}}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reward": 0.0}, "the customer's task was not solved"),
        ({"traj": TRAJECTORY[:2]}, "the agent says nothing"),
        ({"traj": [{"role": "narrator", "content": ""}]}, "not of this dataset's shape (wrong: traj.role)"),
        ({"reward": "high"}, "not of this dataset's shape (wrong: reward)"),
    ],
)
def test_other_dialogues_are_dropped_with_a_reason(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    _, row = rows(tmp_path, dialogue(), dialogue(trial=1, **fields))
    assert isinstance(row, Drop)
    assert row.reason == reason


def test_a_file_of_another_dataset_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="another"):
        rows(tmp_path, {"messages": []})


def test_the_published_file(shared_data: Path) -> None:
    path = shared_data / "tau_bench" / "gpt-4o-airline.json"
    found = list(read(SourceRecipe(name="tau_bench", path=path), seed=0))
    kept = [row for row in found if isinstance(row, Example)]
    assert (len(found), len(kept)) == (200, 84)
    assert len(kept[0].tools) == 14
    assert all(row.messages[-1].role == "assistant" for row in kept)
