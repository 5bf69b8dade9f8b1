from typing import Any

import pytest

from switchgear.report.cases import browser, outcomes
from switchgear.report.contexts import LONGEST_PART
from switchgear.schema import CharRange, Example, Message, Provenance, Role, ToolCall


def row(model: str = "frozen", **action: bool | None) -> dict[str, Any]:
    case = {"case": "1", "example": "e", "message": 2, "kind": "hijacked", "mode": "free"}
    return case | {"model": model, "output": "", "action": action}


def example(name: str, content: str, injected: tuple[CharRange, ...] = ()) -> Example:
    return Example(
        id=name,
        role=Role.HARMFUL,
        messages=(
            Message(role="user", content="Read the list."),
            Message(role="tool", content=content, injected=injected),
            Message(role="assistant", tool_calls=(ToolCall(name="order"),)),
        ),
        continuation=(2,),
        group="g",
        provenance=Provenance(dataset="d", revision="1", licence="l", row="1", sha256=""),
    )


@pytest.mark.parametrize(
    ("frozen", "adapted", "found"),
    [
        (row(harmful_call=True), row(harmful_call=True), ["broke through"]),
        (row(harmful_call=True), row(harmful_call=False), ["tripped"]),
        (row(expected_call=True), row(expected_call=False), ["expected call lost"]),
        (row(expected_call=True), row(harmful_call=True), ["broke through", "expected call lost"]),
        (row(expected_call=False), row(expected_call=True), ["regained"]),
        (row(expected_call=None), row(harmful_call=None), ["unchanged"]),
        (row(harmful_call=True), row() | {"error": "cut off"}, ["not scored"]),
        (None, row(), ["not scored"]),
    ],
)
def test_outcomes(frozen: dict[str, Any] | None, adapted: dict[str, Any] | None, found: list[str]) -> None:
    assert outcomes(frozen, adapted) == found


def test_both_models_share_one_case_and_the_worst_case_comes_first() -> None:
    calm = [row("frozen") | {"case": "2"}, row("adapted") | {"case": "2"}]
    cases = browser([*calm, row("frozen"), row("adapted", harmful_call=True)], [])["cases"]
    assert [(case["case"], case["outcomes"]) for case in cases] == [("1", ["broke through"]), ("2", ["unchanged"])]


def test_the_attackers_text_is_a_part_of_its_own() -> None:
    data = browser([row()], [example("e", "milk DUCKS bread", (CharRange(start=5, end=10),))])
    message = data["messages"][data["contexts"]["e"][1]]
    assert message["parts"] == [["milk ", False], ["DUCKS", True], [" bread", False]]


def test_messages_are_stored_once_and_only_as_far_as_a_case_shows_them() -> None:
    rows = [row(), row() | {"case": "2", "example": "f"}]
    data = browser(rows, [example("e", "milk"), example("f", "milk"), example("not evaluated", "eggs")])
    assert data["contexts"] == {"e": [0, 1], "f": [0, 1]}
    assert len(data["messages"]) == 2


def test_arguments_are_written_alike_whether_stored_as_json_or_as_an_object() -> None:
    calls = [{"name": "order", "arguments": {"milk": 2}}, {"name": "order", "arguments": '{"milk": 2}'}]
    (case,) = browser([row() | {"calls": calls}], [])["cases"]
    assert case["frozen"]["calls"] == ['order({"milk": 2})'] * 2


def test_very_long_text_is_cut_with_a_count() -> None:
    data = browser([row()], [example("e", "x" * (LONGEST_PART + 1234))])
    assert data["messages"][1]["parts"][0][0].endswith("x [… 1,234 more characters]")


def verdict(judge: str, outcome: str) -> dict[str, Any]:
    return {"case": "1", "mode": "free", "model": "frozen", "judge": judge, "verdict": {"outcome": outcome}}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([], ""),
        (["refused"], ""),
        (["refused", "refused"], "judges agree"),
        (["refused", "complied"], "judges disagree"),
        (["refused", "unscored"], "judges agree"),
    ],
)
def test_judges_disagree_where_two_say_different_things_of_one_answer(said: list[str], found: str) -> None:
    verdicts = [verdict(f"judge {number}", outcome) for number, outcome in enumerate(said)]
    (case,) = browser([row(), row("adapted")], [], verdicts)["cases"]
    assert case["judges"] == found
    assert case["frozen"]["verdicts"] == [f"judge {number}: {outcome}" for number, outcome in enumerate(said)]
    assert case["adapted"]["verdicts"] == []


def test_of_an_attack_that_searches_the_largest_budget_is_shown_beside_the_replay() -> None:
    attacked = [
        row(model, harmful_call=won) | {"attack": "suffix", "unit": "steps", "budget": budget, "attempt": 0}
        for model, budget, won in (
            ("frozen", 10, True),
            ("adapted", 10, True),
            ("frozen", 40, True),
            ("adapted", 40, False),
        )
    ]
    cases = browser([row(), row("adapted"), *attacked], [], [verdict("a", "refused")])["cases"]
    assert [(case["attack"], case["spent"], case["outcomes"]) for case in cases] == [
        ("suffix", "40 steps", ["tripped"]),
        ("", "", ["unchanged"]),
    ]
    assert cases[0]["frozen"]["verdicts"] == [], "judges read the replay"


def test_ids_are_shown_without_the_folders_that_all_begin_with() -> None:
    rows = [row() | {"case": f"suites/kitchen/{name}"} for name in ("a/1", "b/1")]
    assert [case["short"] for case in browser(rows, [])["cases"]] == ["a/1", "b/1"]
