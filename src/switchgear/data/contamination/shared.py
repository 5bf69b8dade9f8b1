"""What training and a holdout of agents' traces have in common on purpose: users' tasks and attackers' goals.

A holdout by family of attacks keeps both and changes the wording around the goal; one by suite shares neither. So this
is counted, for the reader of a result to know what was unseen, and nothing is removed.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from switchgear.data.contamination.fingerprints import asked, injected, joined
from switchgear.schema import Example


class Shared(BaseModel):
    """How many tasks and goals of the held-out traces are in training too. What differs is what the holdout tests."""

    model_config = ConfigDict(frozen=True)

    tasks: int
    held_out_tasks: int
    goals: int
    held_out_goals: int


def shared_by_design(train: Iterable[Example], holdout: Iterable[Example]) -> Shared:
    """Counts users' tasks by their words, and attackers' goals by the calls that they are after."""
    tasks, goals = _aims(holdout)
    trained_tasks, trained_goals = _aims(train)
    return Shared(
        tasks=len(tasks & trained_tasks),
        held_out_tasks=len(tasks),
        goals=len(goals & trained_goals),
        held_out_goals=len(goals),
    )


def _aims(examples: Iterable[Example]) -> tuple[set[bytes], set[tuple[str, ...]]]:
    tasks: set[bytes] = set()
    goals: set[tuple[str, ...]] = set()
    for example in examples:
        if example.trace is None and not injected(example):
            continue
        tasks.add(joined(asked(example)).digest)
        if example.expectation.forbidden:
            goals.add(tuple(pattern.model_dump_json() for pattern in example.expectation.forbidden))
    return tasks, goals
