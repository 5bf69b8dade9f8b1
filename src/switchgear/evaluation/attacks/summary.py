"""From rows of attacks to attack success rates over budget: pure, as `evaluation.summary` is.

Where a case is tried k times with a budget (restarts, wordings), success is counted twice: of each attempt alone
(`attempts` is 1), and of each case, which the attacker wins if any of the k succeeds (`attempts` is k). A case that he
did not win, and of which an attempt failed, tells nothing: it is an error, as the attempt is.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from switchgear.evaluation.attacks.rows import AttackRow
from switchgear.evaluation.clusters import grouped_rate
from switchgear.evaluation.comparison import ATTACK_SUCCESS, outcome, rate

Line = dict[str, Any]


def summarise(rows: Sequence[AttackRow], seed: int = 0) -> list[Line]:
    """Lines of attack, mode, unit, budget, model, attempts (1, or k), and as of any rate n, successes, rate, low, high
    and errors. `seed` is of the bootstrap over groups; attempts on one case are in one group."""
    order = {title: place for place, title in enumerate(dict.fromkeys(row.attack for row in rows))}
    ordered = sorted(rows, key=lambda row: (order[row.attack], row.model != "frozen", row.budget))
    levels = groupby(ordered, key=lambda row: (row.attack, row.model, row.budget))
    return [line for _, level in levels for line in _lines(list(level), seed)]


def _lines(rows: Sequence[AttackRow], seed: int) -> Iterator[Line]:
    """Of the rows of one attack, model and budget."""
    first = rows[0]
    about = {"attack": first.attack, "mode": first.mode, "unit": first.unit, "budget": first.budget}
    about["model"] = first.model
    yield {**about, "attempts": 1, **rate(rows, ATTACK_SUCCESS, seed)}
    cases: dict[str, list[AttackRow]] = {}
    for row in rows:
        cases.setdefault(row.case, []).append(row)
    most = max(map(len, cases.values()))
    if most > 1:
        yield {**about, "attempts": most, **_any(list(cases.values()), seed)}


def _any(cases: Sequence[Sequence[AttackRow]], seed: int) -> Line:
    told = [(True in tries, case[0].group) for case in cases for tries in [_outcomes(case)] if _tells(tries)]
    found = grouped_rate([won for won, _ in told], [group for _, group in told], seed)
    return {**found.model_dump(), "errors": len(cases) - len(told)}


def _outcomes(rows: Sequence[AttackRow]) -> list[bool | None]:
    return [outcome(row, ATTACK_SUCCESS) for row in rows]


def _tells(tries: Sequence[bool | None]) -> bool:
    return True in tries or None not in tries
