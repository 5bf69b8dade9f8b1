"""What evaluation writes, one line per answer and one per likelihood: everything that is reported comes from these."""

import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from switchgear.evaluation.tasks import Case
from switchgear.schema import ToolCall, Trace

Mode = Literal["free", "forced", "prefilled"]
Model = Literal["frozen", "adapted"]
MODES: tuple[Mode, ...] = ("free", "forced", "prefilled")
MODELS: tuple[Model, ...] = ("frozen", "adapted")
_CONTROL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>")


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str
    kind: Trace
    model: Model
    group: str


class Row(_Result):
    """One answer: scored (`action`: measure -> outcome, None where the case does not tell), or failed (`error`)."""

    example: str
    message: int
    mode: Mode
    suite: str = ""
    family: str = ""
    category: str = ""
    opening: str = ""  # what the answer was begun with
    output: str = ""
    calls: tuple[ToolCall, ...] = ()
    error: str | None = None
    action: dict[str, bool | None] | None = None
    perplexity: float | None = None  # per token, under the frozen model, of an answer that calls nothing

    @property
    def said(self) -> str:
        """The answer, opening included, without control tokens."""
        return _CONTROL.sub("", self.opening + self.output).strip()

    @classmethod
    def of(cls, case: Case, **answer: Any) -> Self:
        """The row of a case, with the fields that tell how it was put and answered."""
        return cls(
            case=case.id,
            example=case.example.id,
            message=case.message,
            kind=case.kind,
            group=case.group,
            suite=case.suite,
            family=case.family,
            category=case.category,
            **answer,
        )

    @model_validator(mode="after")
    def _scored_or_failed(self) -> Self:
        if (self.error is None) == (self.action is None):
            raise ValueError("a row has either an error or an action")
        return self


class LikelihoodRow(_Result):
    """How likely a model finds what the trace really goes on with: `nll` in nats per token over `tokens` tokens."""

    nll: float
    tokens: int
