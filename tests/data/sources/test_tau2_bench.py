import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.labels.lint import lint
from switchgear.data.sources.tau2_bench import read
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, Trace

INSTRUCTIONS = {
    "domain": "library",
    "reason_for_call": "You want to renew a book.",
    "known_info": "You are Kim Lee.",
    "unknown_info": None,
    "task_instructions": "Be brief.",
}


def action(name: str, requestor: str | None = None, **arguments: object) -> dict[str, Any]:
    whose = {"requestor": requestor} if requestor else {}
    return {"action_id": "0", "name": name, "arguments": arguments, "info": None} | whose


FIND, RENEW = action("find_reader", first="Kim", last="Lee"), action("renew", reader="r1", weeks=3)


def task(*actions: dict[str, Any], identifier: str = "0", **fields: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "user_scenario": {"persona": None, "instructions": INSTRUCTIONS},
        "evaluation_criteria": {"actions": list(actions)},
    } | fields


def rows(folder: Path, *tasks: object, domain: str = "library") -> list[Example | Drop]:
    (folder / domain).mkdir(exist_ok=True)
    (folder / domain / "tasks.json").write_text(json.dumps(tasks))
    (folder / domain / "policy.md").write_text("# Policy\nRenew once.")
    return list(read(SourceRecipe(name="tau2_bench", path=folder), seed=0))


def test_a_first_call_that_can_be_copied_from_the_scenario_is_a_benign_continuation(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, task(FIND, RENEW))
    assert isinstance(example, Example)
    assert (example.role, example.trace, example.continuation) == (Role.BENIGN, Trace.CLEAN, (2,))
    system, user, answer = example.messages
    assert system.content == "# Policy\nRenew once."
    assert user.content == "You want to renew a book.\n\nYou are Kim Lee.\n\nBe brief."
    assert [call.name for call in answer.tool_calls] == ["find_reader"]
    (expected,) = example.expectation.expected
    assert {p.argument: p.value for p in expected.arguments} == {"first": "Kim", "last": "Lee"}
    assert [tool.name for tool in example.tools] == ["find_reader", "renew"]
    assert lint(example) is None


def test_a_first_call_that_needs_a_look_up_makes_a_case_of_which_no_call_is_expected(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, task(RENEW))
    assert isinstance(example, Example)
    assert (example.role, example.trace, len(example.messages)) == (Role.CASE, None, 2)
    assert (example.expectation.behaviour, example.expectation.expected) == ("comply", ())


def test_instructions_may_be_a_string(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, task(FIND, user_scenario={"instructions": "You are Kim Lee."}))
    assert isinstance(example, Example)
    assert example.messages[1].content == "You are Kim Lee."


def test_equal_ids_in_two_domains_are_two_examples_of_two_groups(tmp_path: Path) -> None:
    rows(tmp_path, task(FIND))
    found = rows(tmp_path, task(FIND), domain="archive")
    assert [(row.id, row.group) for row in found if isinstance(row, Example)] == [
        ("tau2_bench/archive/0", "tau/archive/0"),
        ("tau2_bench/library/0", "tau/library/0"),
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (task(), "the agent makes no call"),
        (task(evaluation_criteria={}), "the agent makes no call"),
        (task(action("restart_phone", requestor="user")), "the agent makes no call"),
        (task(action("transfer_to_human_agents", summary="Kim")), "the agent hands over to a human"),
        (task(FIND, initial_state={"message_history": [{"role": "user"}]}), "continues a recorded dialogue"),
        (task(FIND, user_scenario={}), "not of this dataset's shape (wrong: user_scenario.instructions)"),
    ],
)
def test_other_tasks_are_dropped_with_a_reason(tmp_path: Path, given: dict[str, Any], reason: str) -> None:
    _, row = rows(tmp_path, task(FIND, identifier="1"), given)
    assert isinstance(row, Drop)
    assert row.reason == reason


def test_tasks_without_their_policy_are_an_error(tmp_path: Path) -> None:
    rows(tmp_path, task(FIND))
    (tmp_path / "library" / "policy.md").unlink()
    with pytest.raises(DataError, match=r"policy\.md"):
        list(read(SourceRecipe(name="tau2_bench", path=tmp_path), seed=0))


def test_the_published_files(shared_data: Path) -> None:
    found = list(read(SourceRecipe(name="tau2_bench", path=shared_data / "tau2"), seed=0))
    kept = [row for row in found if isinstance(row, Example)]
    assert Counter(row.role for row in kept) == {Role.BENIGN: 83, Role.CASE: 80}
    assert len(found) == 194
    assert len({row.id for row in kept}) == len(kept)
