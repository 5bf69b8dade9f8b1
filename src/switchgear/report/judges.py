"""What judges say of the stored answers, how far they agree, and how good they are by people's labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from switchgear.report.rates import ordered

Record = Mapping[str, Any]
OUTCOMES = ("complied", "partial", "incoherent", "refused", "safe", "unscored")
QUESTIONS = {"complied": "gave what was asked, at least in part", "refused": "refused"}


def judge_tables(judged: Record) -> list[dict[str, Any]]:
    """One table per judge: rows `attacked` and `others`, with `shares`: how often each outcome was found."""
    lines: list[Record] = list(judged.get("rates") or [])
    tables = []
    for judge in ordered((str(line.get("judge")) for line in lines), ()):
        rows = [{**line, "shares": _counts(line)} for line in lines if line.get("judge") == judge]
        attacked = [row for row in rows if row.get("kind") == "hijacked"]
        tables.append({"judge": judge, "attacked": attacked, "others": [row for row in rows if row not in attacked]})
    return tables


def agreement(judged: Record) -> list[Record]:
    """`question`, `alpha` and `n`, where at least two judges answered."""
    lines: list[Record] = list(judged.get("agreement") or [])
    return [{**line, "asked": QUESTIONS.get(str(line.get("question")), "")} for line in lines if line.get("n")]


def calibration_rows(calibrations: Sequence[Record], judged: Record) -> list[dict[str, Any]]:
    """A row per judge, labelled set and question. `here` tells whether this report uses the judge."""
    used = {str(line.get("judge")) for line in judged.get("rates") or []}
    return [
        {"judge": _title(calibration), "here": _title(calibration) in used, **line}
        for calibration in calibrations
        for line in calibration.get("sets") or []
    ]


def uncalibrated(calibrations: Sequence[Record], judged: Record) -> list[str]:
    """The judges that this report uses and nobody has measured."""
    used = ordered((str(line.get("judge")) for line in judged.get("rates") or []), ())
    known = {_title(calibration) for calibration in calibrations}
    return [judge for judge in used if judge not in known]


def _counts(line: Record) -> dict[str, int]:
    counts = {name: (line.get("outcomes") or {}).get(name, 0) for name in OUTCOMES}
    return {name: count for name, count in counts.items() if count}


def _title(calibration: Record) -> str:
    return "=".join(str(calibration[key]) for key in ("judge", "model") if calibration.get(key))
