"""Gates: a run that would not produce a working breaker stops, or warns, and says what it saw and what to try."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from switchgear.errors import GateError
from switchgear.runs import write_json
from switchgear.training.batches import Row

LEFT_PLATEAU = 0.9
"""The reroute loss has left its plateau once it is below this share of its value at the start."""
DRIFT_ALARM = 0.5
"""Benign states that have moved by half their own norm are no longer in place."""
NO_EFFECT = 1e-3
"""nats per token: below this the adapted model writes what the frozen one writes."""


@dataclass(frozen=True)
class Gate:
    """What one gate saw. `passed` false is a warning; a gate that must stop the run raises instead."""

    gate: str
    when: Literal["before", "during", "after"]
    passed: bool
    saw: str
    values: dict[str, float] = field(default_factory=dict)


def masks(pools: Mapping[str, Sequence[Row]]) -> Gate:
    """Before: every harmful row has tokens to reroute and tokens that are not. Raises `GateError` otherwise."""
    rows = pools["harmful"]
    if empty := sum(not any(row.reroute) for row in rows):
        raise GateError(
            f"{empty} of {len(rows)} harmful examples have no continuation token to reroute. "
            "Raise render.max_tokens, or choose a train.mask that their continuations have."
        )
    if full := sum(all(row.reroute) for row in rows):
        raise GateError(f"{full} of {len(rows)} harmful examples would be rerouted from the first token to the last.")
    rerouted, total = sum(weight > 0 for row in rows for weight in row.reroute), sum(len(row.ids) for row in rows)
    saw = f"{rerouted} of {total} tokens of {len(rows)} harmful examples are rerouted ({rerouted / total:.1%})"
    return Gate("masks", "before", True, saw, {"share": rerouted / total})


def finite(step: int, loss: float) -> None:
    """During: stop at the first loss that is not a number. Raises `GateError`."""
    if not math.isfinite(loss):
        raise GateError(f"The loss is {loss} at step {step}. Lower train.learning_rate, or set model.dtype=float32.")


def plateau(step: int, reroute: float, start: float) -> Gate:
    """During: cos(h, h0) = 1 is a saddle; a run that never leaves it trains nothing. Raises `GateError`."""
    if reroute > LEFT_PLATEAU * start:
        raise GateError(
            f"After {step} steps the reroute loss is {reroute:.3f}, from {start:.3f}: it has not left its plateau. "
            "Raise train.learning_rate or train.alpha, or give it longer with train.plateau_steps."
        )
    saw = f"reroute loss {start:.3f} -> {reroute:.3f} by step {step}"
    return Gate("plateau", "during", True, saw, {"start": start, "reroute": reroute})


def drift(benign: float) -> Gate:
    """During: how far benign validation states have moved, as a share of their norm."""
    saw = f"benign validation states moved by {benign:.1%} of their norm at the most (alarm at {DRIFT_ALARM:.0%})"
    return Gate("retain drift", "during", benign <= DRIFT_ALARM, saw, {"drift": benign})


def effect(harmful: float, benign: float) -> Gate:
    """After: KL(frozen || adapted) of next-token distributions, nats per continuation token of validation rows.

    Raises:
        GateError: the adapter changes nothing on harmful continuations.
    """
    if harmful < NO_EFFECT:
        raise GateError(
            f"The adapter changes nothing: KL on harmful continuations is {harmful:.2g} nats per token. "
            "Train longer, or raise train.learning_rate."
        )
    saw = f"KL of next-token distributions: {harmful:.3f} nats/token on harmful, {benign:.3f} on benign continuations"
    return Gate("adapter effect", "after", benign < harmful / 2, saw, {"harmful": harmful, "benign": benign})


class GateLog:
    """Takes each gate as it is passed: prints it, and keeps `path` up to date."""

    def __init__(self, path: Path, console: Console) -> None:
        self.path, self.console, self.seen = path, console, list[Gate]()

    def __call__(self, gate: Gate) -> None:
        self.seen.append(gate)
        mark = "[green]pass[/]" if gate.passed else "[yellow]warn[/]"
        self.console.print(f"{mark} {gate.when}: {gate.gate}: {gate.saw}")
        write_json(self.path, [asdict(gate) for gate in self.seen])
