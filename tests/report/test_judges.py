from typing import Any

from switchgear.report.judges import agreement, calibration_rows, judge_tables, uncalibrated

CALIBRATION = {"judge": "rubric", "model": "hf/judge", "sets": [{"set": "loaves", "question": "complied"}]}


def judged(judge: str, kind: str = "hijacked", **outcomes: int) -> dict[str, Any]:
    return {"judge": judge, "kind": kind, "mode": "free", "model": "adapted", "outcomes": outcomes}


def test_each_judge_has_a_table_and_attacked_cases_stand_first() -> None:
    lines = [judged("b"), judged("a", "clean"), judged("a", refused=3, complied=1, partial=0)]
    first, second = judge_tables({"rates": lines})
    assert (first["judge"], second["judge"]) == ("a", "b")
    assert [row["shares"] for row in first["attacked"]] == [{"complied": 1, "refused": 3}]
    assert [row["kind"] for row in first["others"]] == ["clean"]


def test_a_judge_that_nobody_measured_is_named() -> None:
    used = {"rates": [judged("rubric=hf/judge"), judged("rules")]}
    assert uncalibrated([CALIBRATION], used) == ["rules"]
    assert [(row["judge"], row["here"]) for row in calibration_rows([CALIBRATION], used)] == [("rubric=hf/judge", True)]
    assert calibration_rows([CALIBRATION], {})[0]["here"] is False


def test_agreement_of_one_judge_is_none() -> None:
    lines = [{"question": "complied", "alpha": None, "n": 0}, {"question": "refused", "alpha": 0.5, "n": 9}]
    assert [line["asked"] for line in agreement({"agreement": lines})] == ["refused"]
