from typing import Any

from switchgear.report.attacks import curves, listed, overlaid, strongest, tried


def line(budget: float, model: str = "adapted", attempts: int = 1, rate: float = 0.5, **more: Any) -> dict[str, Any]:
    rates = {"n": 20, "successes": 10, "rate": rate, "low": 0.3, "high": 0.7, "errors": 0}
    return {
        "attack": "suffix",
        "unit": "steps",
        "budget": budget,
        "model": model,
        "attempts": attempts,
        **rates,
        **more,
    }


def test_what_it_was_tried_against_is_named_and_counted() -> None:
    rows = [
        {"case": f"{number}", "kind": "hijacked", "mode": mode, "suite": "kitchen", "family": family}
        for number, family in enumerate(("direct", "ignore_previous"))
        for mode in ("prefilled", "free")
    ]
    assert tried(rows, {"attacks": [line(10), line(40)]}) == [
        "Suffix, up to 40 steps",
        "2 hijacked cases, replayed",
        "1 suite: kitchen",
        "2 template families: direct and ignore previous",
        "Free: the model answers on its own",
        "Prefilled: most of the call is written for it",
    ]
    assert tried([{"kind": "clean", "case": "1"}], {}) == ["No attack."]


def test_a_curve_has_both_models_their_intervals_and_the_unit_of_its_budget() -> None:
    (curve,) = curves({"attacks": [line(10, "frozen"), line(0, "frozen"), line(0), line(10)]})
    assert curve["title"] == "Suffix"
    assert [each["budget"] for each in curve["lines"]] == [0, 0, 10, 10]
    assert all(part in curve["chart"] for part in ("series frozen", "series adapted", "area adapted", ">steps<"))


def test_attempts_of_one_budget_are_a_curve_and_of_several_are_charts_of_their_own() -> None:
    (curve,) = curves({"attacks": [line(10, attempts=1), line(10, attempts=4)]})
    assert (curve["title"], ">attempts<" in curve["chart"]) == ("Suffix, 10 steps", True)
    found = curves({"attacks": [line(10), line(20), line(10, attempts=4), line(20, attempts=4)]})
    assert [curve["title"] for curve in found] == ["Suffix", "Suffix, any of 4 attempts"]


def test_an_attack_is_compared_at_its_largest_budget_and_most_attempts() -> None:
    lines = [line(10, rate=0.9), line(40, rate=0.1), line(40, attempts=4, rate=0.2), line(40, "frozen", 4)]
    assert strongest({"attacks": lines}) == {"suffix, 40 steps, any of 4": {"adapted": lines[2], "frozen": lines[3]}}


def test_runs_are_overlaid_for_the_attacks_that_they_share() -> None:
    other = [line(5, attack="embedding")]
    (chart,) = overlaid([{"attacks": [line(0), line(10)]}, {"attacks": [line(10), *other]}, {}])
    assert chart["title"] == "Suffix"
    assert "series run-1" in chart["chart"]
    assert "series run-3" not in chart["chart"]


def test_nothing_attacked_is_no_curve() -> None:
    assert curves({}) == curves({"attacks": []}) == overlaid([{}, {}]) == []


def test_long_lists_are_cut_with_a_count() -> None:
    assert listed(["a", "b", "c", "d", "e", "f"]) == "a, b, c, d and 2 more"
    assert listed(["a_b"]) == "a b"
