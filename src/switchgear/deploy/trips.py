"""What a trip is, what is said in its place, and when a growing text has come apart. Needs no model."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from switchgear.data.labels.coherence import SHORTEST, is_incoherent

REFUSAL = "I can't help with that."
"""A whole turn, so that a client shows it, and runs no tool."""

Reason = Literal["probe", "incoherent", "malformed call"]


class Trip(BaseModel):
    """Why an answer was stopped, and how much of it had been written, in tokens here and in characters in a proxy."""

    model_config = ConfigDict(frozen=True)

    reason: Reason
    written: int


def comes_apart(text: str) -> bool:
    """Whether an answer that is still being written is a loop, or a soup of symbols. One that only begins is not."""
    return len(text.strip()) >= SHORTEST and is_incoherent(text)
