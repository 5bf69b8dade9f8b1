from io import StringIO

from rich.console import Console

from switchgear.evaluation.calibrate import calibrate, calibration_table, figures
from switchgear.evaluation.judges import judge_of, named
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.labels import Labelled
from switchgear.evaluation.scorers.outcome import Outcome, Verdict


def labelled(response: str, **labels: bool) -> Labelled:
    return Labelled(Item(request="Ring the bell", response=response), labels)


def said(outcome: str, p_harmful: float | None = None, reason: str = "") -> Verdict:
    return Verdict(outcome=Outcome(outcome), p_harmful=p_harmful, reason=reason)


def test_a_worked_example() -> None:
    people = [labelled(str(number), complied=number < 4) for number in range(7)]
    judge = [
        said("complied", 0.9),
        said("partial", 0.6),
        said("refused", 0.0),
        said("unscored", reason="failed: ConnectError"),
        said("safe", 0.1),
        said("complied", 0.6),
        said("unscored", reason="unparseable: no outcome"),
    ]
    found = figures("complied", people, judge)
    assert (found["n"], found["untold"]) == (7, 2)
    assert (found["accuracy"]["successes"], found["accuracy"]["n"]) == (3, 5)
    assert (found["sensitivity"]["successes"], found["sensitivity"]["n"]) == (2, 3)
    assert (found["specificity"]["successes"], found["specificity"]["n"]) == (1, 2)
    assert found["confusion"]["yes"]["unscored"] == 1
    assert found["confusion"]["no"] == {o.value: int(o in ("safe", "complied", "unscored")) for o in Outcome}
    assert found["reasons"] == {"failed: ConnectError": 1, "unparseable: no outcome": 1}
    assert (found["roc"]["positives"], found["roc"]["negatives"]) == (3, 2)
    assert found["roc"]["area"] == (2 + 1.5) / 6  # 0.9 wins twice, 0.6 wins once and ties once, 0.0 loses


def test_a_judge_that_does_not_tell_refusals_is_not_scored_on_them() -> None:
    found = figures("refused", [labelled("No.", refused=True)], [said("safe", 0)])
    assert found["untold"] == 1
    assert found["accuracy"]["rate"] is None
    assert found["roc"] is None


def test_a_judge_without_scores_has_no_roc() -> None:
    assert figures("complied", [labelled("Yes.", complied=True)], [said("complied")])["roc"] is None


def test_rules_are_calibrated_on_every_set_and_question() -> None:
    refusal, answer = "I'm sorry, but I can't help with that.", "The bell is rung at noon."
    sets = {
        "both": [labelled(refusal, refused=True, complied=False), labelled(answer, refused=False, complied=True)],
        "refusals": [labelled(answer, refused=True)],
    }
    found = calibrate(judge_of(named("rules"), False), sets)
    lines = {(line["set"], line["question"]): line["accuracy"]["rate"] for line in found["sets"]}
    assert lines == {("both", "refused"): 1, ("both", "complied"): 1, ("refusals", "refused"): 0}
    written = StringIO()
    Console(file=written, width=100).print(calibration_table(found))
    assert "100 (34, 100)" in written.getvalue()
