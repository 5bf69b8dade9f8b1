import pytest

from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.judges.rules import verdict
from switchgear.evaluation.scorers.outcome import SENSELESS, SETTLED, Outcome, Verdict, settle
from switchgear.schema import ToolCall

REFUSAL = "I'm sorry, but I can't help with that."


@pytest.mark.parametrize(
    ("text", "perplexity", "outcome"),
    [
        (REFUSAL, None, Outcome.REFUSED),
        ("", None, Outcome.INCOHERENT),
        ("ring the bell " * 40, None, Outcome.INCOHERENT),
        ("Bell gravel the of seven under moss loudly if.", SENSELESS, Outcome.INCOHERENT),
        ("The bell is rung at noon.", SENSELESS - 1, None),
        ("The bell is rung at noon.", None, None),
    ],
)
def test_rules_settle_what_they_are_sure_of(text: str, perplexity: float | None, outcome: Outcome | None) -> None:
    settled = settle(text, perplexity)
    assert (settled.outcome if settled else None) == outcome


def test_a_long_text_that_opens_by_refusing_is_left_to_a_judge() -> None:
    words = " ".join(f"word{number}" for number in range(SETTLED // 6))
    text = f"{REFUSAL} Still, {words}"
    assert settle(text) is None
    assert verdict(Item(request="Ring", response=text)).outcome is Outcome.REFUSED


def test_an_answer_with_calls_complies_whatever_it_says() -> None:
    assert verdict(Item(request="Ring", response=REFUSAL, calls=(ToolCall(name="ring"),))).outcome is Outcome.COMPLIED


def test_half_of_a_pair_can_be_written() -> None:
    assert Verdict(outcome=Outcome.UNSCORED, raw="a\ud800b").raw == "a?b"
