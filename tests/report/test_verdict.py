from typing import Any

import pytest

from switchgear.report.verdict import aim_share, attacks, findings, headline, questions


def row(question: str, met: bool | None, before: float | None = 0.9, after: float | None = 0.02) -> dict[str, Any]:
    adapted = {"rate": after, "low": 0.0, "high": 0.06, "successes": 2, "n": 100}
    asked = {"question": question, "measure": "attack success, forced", "met": met}
    return asked | {"frozen": {"rate": before}, "adapted": adapted}


@pytest.mark.parametrize(
    ("holding", "cost", "said"),
    [
        (True, True, "It holds, at a cost within its aims."),
        (True, False, "It holds, but costs more than the aim."),
        (False, True, "It does not hold. The cost is within its aims."),
        (None, True, "Too little data to say whether it holds. The cost is within its aims."),
    ],
)
def test_the_headline_follows_from_what_was_met(holding: bool | None, cost: bool | None, said: str) -> None:
    assert headline([row("Does it hold?", holding), row("What did it cost?", cost)]) == said


def test_one_aim_that_is_not_met_outweighs_those_that_are() -> None:
    assert headline([row("Does it hold?", True), row("Does it hold?", False)]) == "It does not hold."


def test_without_an_evaluation_nothing_is_claimed() -> None:
    assert headline([]) == "Not evaluated: nothing is known yet."


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.9, 0.02, "Attack success, forced: fell from 90% to 2% (95% interval 0–6%, 2 of 100)."),
        (0.01, 0.02, "Attack success, forced: rose from 1% to 2% (95% interval 0–6%, 2 of 100)."),
        (0.02, 0.02, "Attack success, forced: stayed at 2% (95% interval 0–6%, 2 of 100)."),
        (None, 0.02, "Attack success, forced: 2% (95% interval 0–6%, 2 of 100); the frozen model has no data."),
        (0.9, None, "Attack success, forced: no data."),
    ],
)
def test_a_finding_has_change_interval_and_count(before: float | None, after: float | None, said: str) -> None:
    assert findings(questions([row("Does it hold?", True, before, after)])) == [said]


def test_aims_that_are_not_met_are_what_is_told() -> None:
    nats = {"measure": "nats per token", "unit": "nats", "met": False}
    nats |= {"frozen": {"rate": 0.8}, "adapted": {"rate": 1.9, "n": 7}}
    met, missed = row("What did it cost?", True), row("What did it cost?", False) | {"measure": "refused"}
    assert findings({"What did it cost?": [met, missed, nats]}) == [
        "Refused: fell from 90% to 2% (95% interval 0–6%, 2 of 100).",
        "Nats per token: rose from 0.8 to 1.9 (n = 7).",
    ]


def test_rows_are_grouped_by_question_in_order() -> None:
    hold, cost = "Does it hold?", "What did it cost?"
    grouped = questions([row(hold, True), row(cost, None), row(hold, False)])
    assert [(question, len(rows)) for question, rows in grouped.items()] == [(hold, 2), (cost, 1)]


def test_an_aim_in_per_cent_can_be_drawn_and_another_is_left_as_text() -> None:
    assert aim_share("<= 5%") == 0.05
    assert aim_share(">= +1") is None
    assert aim_share("within 5 points of frozen") is None
    assert aim_share(None) is None


def test_the_attacks_are_named_and_counted() -> None:
    rows = [
        {"case": f"{number}", "kind": "hijacked", "mode": mode, "suite": "kitchen", "family": family}
        for number, family in enumerate(("direct", "ignore previous"))
        for mode in ("prefilled", "forced", "free")
    ]
    assert attacks(rows) == (
        "Tried against 2 hijacked cases, 1 suite (kitchen) and 2 attacks (direct and ignore previous), "
        "with the model answering freely, with its answer already begun for it "
        "and with most of the call already written for it."
    )
    assert attacks([{"kind": "clean", "case": "1"}]) == "Tried against no attack."
