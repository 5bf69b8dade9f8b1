"""The guard of a run: a fitted probe, when it trips, and their files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from switchgear.deploy import probe as probes
from switchgear.deploy.probe import Probe
from switchgear.errors import DataError, RunError
from switchgear.runs import Run, read_json, replacing_folder, sha256, write_json


class Settings(BaseModel):
    """`guard.json`: where the probe looks and when it trips, of which adapter, and how that came out on validation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    adapter: str
    """The SHA-256 of the adapter whose states the probe was fitted to."""
    states: tuple[PositiveInt, ...]
    window: PositiveInt
    """The probe's log-odds are averaged over this many tokens, or as many as there are."""
    threshold: float = Field(ge=0)
    false_trips: float
    """The share of the validation set's texts that may be stopped though the breaker has not tripped."""
    fitted_on: dict[str, int]
    """Tokens that the breaker has tripped in, and those that it has left where they were."""
    validation: list[dict[str, Any]] = []
    """How many texts of each mode and kind it stops."""


@dataclass(frozen=True)
class Guard:
    probe: Probe
    settings: Settings

    def over(self, log_odds: Sequence[float]) -> bool:
        """Whether an answer trips, of which these tokens were read."""
        return recent(log_odds, self.settings.window) > self.settings.threshold

    def trips_at(self, log_odds: Sequence[float]) -> int | None:
        """How many of an answer's tokens were read when it trips; None if it never does."""
        return next((count for count in range(1, len(log_odds) + 1) if self.over(log_odds[:count])), None)

    def save(self, folder: Path) -> None:
        with replacing_folder(folder) as partial:
            self.probe.save(partial / "probe.safetensors")
            write_json(partial / "guard.json", self.settings.model_dump(mode="json"))

    @classmethod
    def load(cls, run: Run) -> "Guard":
        """The guard of a run.

        Raises:
            RunError: none is fitted, or to another adapter. DataError: its files are damaged.
        """
        path = run.guard / "guard.json"
        if not path.exists():
            raise RunError(f"{run.root} has no guard. Fit one: switchgear guard fit {run.root}")
        try:
            settings = Settings.model_validate(read_json(path))
        except ValidationError as error:
            raise DataError(
                f"{path} does not describe a guard. Fit it again: switchgear guard fit {run.root}"
            ) from error
        if settings.adapter != fingerprint(run):
            raise RunError(
                f"The guard in {run.guard} is of another adapter. Fit it again: switchgear guard fit {run.root}"
            )
        probe = probes.load(run.guard / "probe.safetensors")
        if len(probe.weight) != len(settings.states):
            raise DataError(
                f"{run.guard} holds a probe of {len(probe.weight)} states, and settings of others. Fit again."
            )
        return cls(probe, settings)


def recent(log_odds: Sequence[float], window: int) -> float:
    """The mean over the last `window` tokens, or as many as there are; of none, that of no harm at all."""
    last = log_odds[-window:]
    return sum(last) / len(last) if last else -math.inf


def highest(log_odds: Sequence[float], window: int) -> float:
    """The largest of `recent` while the tokens are read one by one: an answer trips at every threshold below it."""
    return max(recent(log_odds[:count], window) for count in range(1, len(log_odds) + 1))


def fingerprint(run: Run) -> str:
    """Of the adapter. Raises `RunError` if the run is not trained."""
    return sha256(run.need(run.adapter, "train") / "adapter_model.safetensors")
