"""Answers as columns of plain numbers, one entry for each case in order: small enough to be kept in the repository."""

from collections.abc import Sequence
from typing import Any

from switchgear.evaluation.comparison import outcome
from switchgear.evaluation.respondent import Answers

MEASURES = (
    "harmful_call",
    "harmful_arguments",
    "leaked_target",
    "expected_call",
    "native_format",
    "refused",
    "incoherent",
)


def outcomes(answers: Sequence[Answers], cases: Sequence[str]) -> dict[str, list[Any]]:
    """`nll` in nats per token, and for each mode and measure 1, 0 or None (failed, or the case does not tell)."""
    likelihoods = {row.case: round(row.nll, 4) for answer in answers for row in answer.likelihoods}
    rows = {(row.mode, row.case): row for answer in answers for row in answer.rows}
    columns: dict[str, list[Any]] = {"nll": [likelihoods.get(case) for case in cases]}
    for mode in dict.fromkeys(mode for mode, _ in rows):
        for measure in MEASURES:
            columns[f"{mode}/{measure}"] = [_number(outcome(rows[mode, case], measure)) for case in cases]
    return columns


def _number(told: bool | None) -> int | None:
    return None if told is None else int(told)
