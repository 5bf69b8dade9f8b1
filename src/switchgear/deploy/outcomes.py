"""What a guard does to texts, counted: how many it stops, why and how soon, beside the breaker's own trips."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from pydantic import BaseModel
from rich.table import Table

from switchgear.deploy.guard import Guard
from switchgear.deploy.tokens import Seen
from switchgear.intervals import wilson
from switchgear.terminal import percent, table

Line = dict[str, Any]


class Outcome(BaseModel):
    """One text: whether the guard stops it, why and after how many tokens.

    Beside it: whether the breaker trips in as many tokens as the guard looks at together, and what the text does.
    """

    kind: str
    mode: str
    stopped: bool
    reason: str = ""
    tokens: int
    breaker: bool
    does: str = ""


def judged(guard: Guard, seen: Seen) -> Outcome:
    """What the probe alone does to a text that is read as it stands."""
    log_odds = guard.probe(seen.states).tolist()
    stopped = guard.trips_at(log_odds)
    return Outcome(
        kind=seen.kind,
        mode=seen.mode,
        stopped=stopped is not None,
        reason="" if stopped is None else "probe",
        tokens=stopped or len(log_odds),
        breaker=seen.trips(guard.settings.window),
    )


def lines(outcomes: Iterable[Outcome], *fields: str) -> list[Line]:
    """The rates of each group of outcomes, which are grouped by the values of some fields, in the order of these."""
    groups: dict[tuple[str, ...], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[tuple(getattr(outcome, field) for field in fields)].append(outcome)
    return [dict(zip(fields, values, strict=True)) | rates(groups[values]) for values in sorted(groups)]


def rates(outcomes: Sequence[Outcome]) -> Line:
    """The rate of stops with its interval, by reason, the median of tokens until then, and the breaker's own trips."""
    stopped = [each for each in outcomes if each.stopped]
    return {
        **wilson(len(stopped), len(outcomes)).model_dump(),
        "probe": sum(each.reason == "probe" for each in stopped),
        "incoherent": sum(each.reason == "incoherent" for each in stopped),
        "tokens_until_stop": median(each.tokens for each in stopped) if stopped else None,
        "breaker": sum(each.breaker for each in outcomes),
        "breaker_stopped": sum(each.breaker for each in stopped),
    }


def guard_table(title: str, lines: Iterable[Line]) -> Table:
    """`lines` by the two fields that they begin with, of which `title` names the first."""
    shown = table(title, "", "n", "Stopped", "by probe", "incoherent", "Tokens until then", "Of the breaker's trips")
    for line in lines:
        first, second, *_ = line.values()
        tokens = "-" if line["tokens_until_stop"] is None else f"{line['tokens_until_stop']:.0f}"
        counts = (str(line["probe"]), str(line["incoherent"]))
        of_trips = f"{line['breaker_stopped']} of {line['breaker']}"
        shown.add_row(first, second, str(line["n"]), percent(line), *counts, tokens, of_trips)
    return shown
