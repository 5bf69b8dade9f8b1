from typing import Any

import pytest

from switchgear.report.verdict import aim_share, answers, headline, holds


def row(question: str, met: bool | None, before: float | None = 0.9, after: float | None = 0.02) -> dict[str, Any]:
    adapted = {"rate": after, "low": 0.0, "high": 0.06, "successes": 2, "n": 100}
    asked = {"question": question, "measure": "attack success, forced", "met": met}
    return asked | {"frozen": {"rate": before}, "adapted": adapted}


@pytest.mark.parametrize(
    ("holding", "cost", "said"),
    [
        ([True, True], [True], "It holds. The cost is within the aims."),
        ([True, None], [True, False], "It holds where that could be tested. It costs more than the aims allow."),
        ([True, False], [True, None], "It does not hold. The cost is within the aims where that could be tested."),
        ([None, None], [None], "Whether it holds could not be tested. The cost could not be tested."),
    ],
)
def test_the_headline_follows_from_what_was_met(holding: list[bool | None], cost: list[bool | None], said: str) -> None:
    rows = [row("Does it hold?", met) for met in holding] + [row("What did it cost?", met) for met in cost]
    assert headline(answers({"verdict": rows})) == said


def test_a_likelihood_alone_does_not_show_that_a_breaker_holds() -> None:
    nats = row("Does it hold?", True) | {"unit": "nats"}
    assert headline(answers({"verdict": [nats, row("Does it hold?", None)]})) == "Whether it holds could not be tested."


def test_without_an_evaluation_nothing_is_claimed() -> None:
    assert headline(answers({})) == "Not evaluated: nothing is known yet."
    assert not holds(answers({}))


@pytest.mark.parametrize(("met", "held"), [(True, True), (None, False), (False, False)])
def test_a_breaker_holds_by_what_could_be_tested(met: bool | None, held: bool) -> None:
    assert holds(answers({"verdict": [row("Does it hold?", met), row("Does it hold?", None)]})) is held


def test_what_stands_out_are_the_aims_that_are_missed_or_else_the_first() -> None:
    met, missed, unclear = (row("q", each) | {"measure": str(each)} for each in (True, False, None))
    (answer,) = answers({"verdict": [met, unclear, missed]})
    assert [each["measure"] for each in answer.leads] == ["False"]
    assert (answer.tested, answer.open) == ([answer.tested[0], answer.tested[1]], [unclear | {"aim_share": None}])
    assert answer.tally == "Aims: 1 met, 1 missed, 1 could not be tested."
    (answer,) = answers({"verdict": [met, met, unclear]})
    assert len(answer.leads) == 1
    (answer,) = answers({"verdict": [unclear]})
    assert [each["measure"] for each in answer.leads] == ["None"]


def test_rows_are_grouped_by_question_in_order() -> None:
    hold, cost = "Does it hold?", "What did it cost?"
    found = answers({"verdict": [row(hold, True), row(cost, None), row(hold, False)]})
    assert [(each.question, len(each.tested), len(each.open)) for each in found] == [(hold, 2, 0), (cost, 0, 1)]


def test_an_aim_in_per_cent_can_be_drawn_and_another_is_left_as_text() -> None:
    assert aim_share("<= 5%") == 0.05
    assert aim_share(">= +1") is None
    assert aim_share("within 5 points of frozen") is None
    assert aim_share(None) is None
