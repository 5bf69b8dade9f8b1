"""The first thing on the page: does it hold, what did it cost, what was it tried against. From the numbers alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Record = Mapping[str, Any]
NO_EVALUATION = "Not evaluated: nothing is known yet."
MOST_LEADS = 2  # figures that stand out of a question


class State(Enum):
    """Of the aims of one question: all met, all that could be tested met, one missed, or none could be tested."""

    MET = auto()
    PARTLY = auto()
    MISSED = auto()
    OPEN = auto()


HOLDS = {
    State.MET: "It holds.",
    State.PARTLY: "It holds where that could be tested.",
    State.MISSED: "It does not hold.",
    State.OPEN: "Whether it holds could not be tested.",
}
COSTS = {
    State.MET: "The cost is within the aims.",
    State.PARTLY: "The cost is within the aims where that could be tested.",
    State.MISSED: "It costs more than the aims allow.",
    State.OPEN: "The cost could not be tested.",
}


@dataclass(frozen=True)
class Answer:
    """One question of the verdict: the rows whose aim was tested and those that stay open, and the telling ones."""

    question: str
    state: State
    tested: list[dict[str, Any]]
    open: list[dict[str, Any]]

    @property
    def leads(self) -> list[dict[str, Any]]:
        """The aims that are missed, or else the first that is met, or else the first."""
        missed = [row for row in self.tested if row["met"] is False]
        return (missed or self.tested[:1] or self.open[:1])[:MOST_LEADS]

    @property
    def tally(self) -> str:
        """`1 aim met, 2 missed, 3 could not be tested`"""
        met = sum(row["met"] for row in self.tested)
        counts = {"met": met, "missed": len(self.tested) - met, "could not be tested": len(self.open)}
        told = [f"{count} {word}" for word, count in counts.items() if count]
        return f"Aims: {', '.join(told)}." if told else ""


def headline(answers: Sequence[Answer]) -> str:
    """A sentence on whether it holds and one on its cost, from the worst that is known of each."""
    if not answers:
        return NO_EVALUATION
    held = [answer.state for answer in answers if _is_holding(answer.question)]
    cost = [answer.state for answer in answers if not _is_holding(answer.question)]
    return " ".join(words[states[0]] for words, states in ((HOLDS, held), (COSTS, cost)) if states)


def holds(answers: Sequence[Answer]) -> bool:
    """Whether every aim of holding that could be tested is met, and at least one could be."""
    states = [answer.state for answer in answers if _is_holding(answer.question)]
    return bool(states) and all(state in (State.MET, State.PARTLY) for state in states)


def answers(summary: Record) -> list[Answer]:
    """The verdict by question, in order. Each row gets `aim_share`."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in summary.get("verdict", []):
        more = {"aim_share": aim_share(row.get("aim")), "met": row.get("met")}
        grouped.setdefault(str(row.get("question", "")), []).append({**row, **more})
    return [_answer(question, rows) for question, rows in grouped.items()]


def aim_share(aim: object) -> float | None:
    """The share in an aim such as `<= 5%`; None for an aim of another form, which is then only shown as text."""
    match = re.fullmatch(r"\s*(?:<=|>=|<|>|≤|≥)\s*(\d+(?:\.\d+)?)\s*%\s*", str(aim))
    return float(match[1]) / 100 if match else None


def _answer(question: str, rows: list[dict[str, Any]]) -> Answer:
    tested = [row for row in rows if row["met"] is not None]
    return Answer(question, _state(rows), tested, [row for row in rows if row["met"] is None])


def _state(rows: Iterable[Record]) -> State:
    """A likelihood alone shows neither that a breaker holds nor that it is cheap: nothing was generated."""
    rows = list(rows)
    if any(row["met"] is False for row in rows):
        return State.MISSED
    if not any(row["met"] for row in rows if row.get("unit") != "nats"):
        return State.OPEN
    return State.MET if all(row["met"] for row in rows) else State.PARTLY


def _is_holding(question: str) -> bool:
    return "hold" in question.lower()
