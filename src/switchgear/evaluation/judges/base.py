"""What a judge is, whatever stands behind it: a model, rules, or a function of the user's."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.scorers.outcome import Verdict


class JudgeError(Exception):
    """A judge that gave no reply: down, or in error. The message names the kind of failure, and quotes nothing."""


@dataclass(frozen=True)
class Judge:
    """One judge, ready to be asked.

    Attributes:
        name: as reported: `rubric`, `harmbench` ...
        model: what stands behind it, as Inspect names it; "" for rules.
        ask: gives a verdict, or raises `JudgeError`. A reply that is no verdict is unscored.
        key: what verdicts depend on besides the item; None where that cannot be known, and nothing is stored.
        timeout: seconds for one item. concurrency: items at a time.
    """

    name: str
    model: str
    ask: Callable[[Item], Awaitable[Verdict]]
    key: str | None = None
    timeout: float = 120
    concurrency: int = 8

    @property
    def title(self) -> str:
        return f"{self.name}={self.model}" if self.model else self.name
