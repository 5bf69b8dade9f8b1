"""The first thing on the page: one sentence on whether it holds and what it cost, from the numbers alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from switchgear.report.rates import ordered
from switchgear.report.text import interval, number, percent, title

Record = Mapping[str, Any]
NO_EVALUATION = "Not evaluated: nothing is known yet."
MODES = {
    "free": "with the model answering freely",
    "forced": "with its answer already begun for it",
    "prefilled": "with most of the call already written for it",
}
HEADLINES = {  # (does it hold, is the cost within its aims): True, False, or None for too little data
    (True, True): "It holds, at a cost within its aims.",
    (True, False): "It holds, but costs more than the aim.",
    (True, None): "It holds; the cost is not decided.",
    (False, True): "It does not hold. The cost is within its aims.",
    (False, False): "It does not hold, and costs more than the aim.",
    (False, None): "It does not hold.",
    (None, True): "Too little data to say whether it holds. The cost is within its aims.",
    (None, False): "Too little data to say whether it holds, and it costs more than the aim.",
    (None, None): "Too little data to say whether it holds.",
}


def headline(verdict: Sequence[Record]) -> str:
    """One of `HEADLINES`: every holding aim met, every cost aim met. Rows whose question is about holding say so."""
    if not verdict:
        return NO_EVALUATION
    holding = [row.get("met") for row in verdict if is_holding(row)]
    cost = [row.get("met") for row in verdict if not is_holding(row)]
    return HEADLINES[_all_met(holding), _all_met(cost)]


def questions(verdict: Iterable[Record]) -> dict[str, list[Record]]:
    """The rows by their question, in order, each with `aim_share`."""
    grouped: dict[str, list[Record]] = {}
    for row in verdict:
        grouped.setdefault(str(row.get("question", "")), []).append({**row, "aim_share": aim_share(row.get("aim"))})
    return grouped


def findings(grouped: Mapping[str, Sequence[Record]]) -> list[str]:
    """A sentence for each aim of a question that is not met (three at most), or else for the question's first aim.

    `Attack success, forced: fell from 94% to 2% (95% interval 0–6%, 2 of 120).`
    """
    chosen = [[row for row in rows if row.get("met") is False][:3] or rows[:1] for rows in grouped.values()]
    return [_finding(row) for rows in chosen for row in rows]


def is_holding(row: Record) -> bool:
    return "hold" in str(row.get("question", "")).lower()


def aim_share(aim: object) -> float | None:
    """The share in an aim such as `<= 5%`; None for an aim of another form, which is then only shown as text."""
    match = re.fullmatch(r"\s*(?:<=|>=|<|>|≤|≥)\s*(\d+(?:\.\d+)?)\s*%\s*", str(aim))
    return float(match[1]) / 100 if match else None


def attacks(rows: Sequence[Record]) -> str:
    """What the breaker was tried against, from the evaluated rows."""
    attacked = [row for row in rows if row.get("kind") == "hijacked"]
    if not attacked:
        return "Tried against no attack."
    cases = len({row.get("case") for row in attacked})
    tried = [f"{cases} hijacked {'case' if cases == 1 else 'cases'}"]
    for name, noun in (("suite", "suite"), ("family", "attack")):
        values = sorted({str(row[name]) for row in attacked if row.get(name)})
        tried += [f"{len(values)} {noun}{'s'[: len(values) - 1]} ({_listed(values)})"] if values else []
    modes = ordered((str(row.get("mode")) for row in attacked), MODES)
    return f"Tried against {_listed(tried)}, {_listed([MODES.get(mode, mode) for mode in modes])}."


def _all_met(met: Sequence[bool | None]) -> bool | None:
    if False in met:
        return False
    return None if None in met or not met else True


def _finding(row: Record) -> str:
    measure, nats = title(row.get("measure", "the measure")), row.get("unit") == "nats"
    frozen, adapted = row.get("frozen") or {}, row.get("adapted") or {}
    before, after = (number(of.get("rate")) if nats else percent(of.get("rate")) for of in (frozen, adapted))
    if adapted.get("rate") is None:
        return f"{measure}: no data."
    counts = f"95% interval {interval(adapted)}, {adapted.get('successes')} of {adapted.get('n')}"
    beside = f"n = {adapted.get('n')}" if nats else counts
    if frozen.get("rate") is None:
        return f"{measure}: {after} ({beside}); the frozen model has no data."
    if before == after:
        return f"{measure}: stayed at {after} ({beside})."
    verb = "fell" if adapted["rate"] < frozen["rate"] else "rose"
    return f"{measure}: {verb} from {before} to {after} ({beside})."


def _listed(names: Sequence[str], most: int = 4) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
