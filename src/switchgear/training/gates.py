"""Gates: each looks at one thing that a working breaker needs, and says what it saw and what to try.

What happens when one does not pass is the recipe's (`train.gates`): the run stops, or goes on with a warning.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from switchgear.errors import GateError
from switchgear.recipe import GatesRecipe
from switchgear.runs import write_json
from switchgear.training.batches import Row

SHARE = (0.001, 0.9)
"""Of the tokens of harmful rows, how many are rerouted: with fewer there is little to learn from, with more no context
that tells when to trip."""
LEFT_PLATEAU = 0.9
"""The reroute loss has left its plateau once it is below this share of its value at the start."""
DRIFT_ALARM = 0.5
"""Benign states that have moved by half their own norm are no longer in place."""
NO_EFFECT = 1e-3
"""nats per token: below this the adapted model writes what the frozen one writes."""


@dataclass(frozen=True)
class Gate:
    """What one gate saw, and, for when it does not pass, what to try. `gate` is its field of `GatesRecipe`."""

    gate: str
    when: Literal["before", "during", "after"]
    passed: bool
    saw: str
    advice: str = ""
    values: dict[str, float] = field(default_factory=dict)


def masks(harmful: Sequence[Row]) -> Gate:
    """Before: harmful rows have tokens to reroute and tokens that are not."""
    empty = sum(not any(row.reroute) for row in harmful)
    full = sum(bool(row.reroute) and all(row.reroute) for row in harmful)
    saw = (
        f"{empty} of {len(harmful)} harmful examples have no continuation token to reroute, and are left out; "
        f"{full} would be rerouted from the first token to the last"
    )
    advice = (
        "Raise render.max_tokens, choose a train.mask that their continuations have, or retain fewer rows that say "
        "the same. Examples whose context is empty cannot teach when to trip."
    )
    values = {"empty": empty / len(harmful), "full": full / len(harmful)}
    return Gate("masks", "before", not full and empty <= len(harmful) / 2, saw, advice, values)


def share(harmful: Sequence[Row]) -> Gate:
    """Before: the rerouted tokens of harmful rows are neither next to none nor nearly all."""
    rerouted, total = sum(weight > 0 for row in harmful for weight in row.reroute), sum(len(r.ids) for r in harmful)
    found = rerouted / max(total, 1)
    saw = f"{rerouted} of {total} tokens of {len(harmful)} harmful examples are rerouted ({found:.1%})"
    advice = f"Between {SHARE[0]:.1%} and {SHARE[1]:.0%} is usual. Look at examples with `switchgear preview`."
    return Gate("share", "before", SHARE[0] <= found <= SHARE[1], saw, advice, {"share": found})


def finite(step: int, loss: float) -> Gate:
    """During: the loss is a number."""
    advice = "Lower train.learning_rate, or set model.dtype=float32."
    return Gate("finite", "during", math.isfinite(loss), f"The loss is {loss} at step {step}", advice)


def plateau(step: int, reroute: float, start: float) -> Gate:
    """During: cos(h, h0) = 1 is a saddle; a run that never leaves it trains nothing."""
    passed = reroute <= LEFT_PLATEAU * start
    left = "has left its plateau" if passed else "has not left its plateau"
    saw = f"After {step} steps the reroute loss is {reroute:.3f}, from {start:.3f}: it {left}"
    advice = "Raise train.learning_rate or train.alpha, or give it longer with train.plateau_steps."
    return Gate("plateau", "during", passed, saw, advice, {"start": start, "reroute": reroute})


def drift(benign: float) -> Gate:
    """During: how far benign validation states have moved, as a share of their norm."""
    saw = f"benign validation states have moved by {benign:.1%} of their norm (alarm at {DRIFT_ALARM:.0%})"
    advice = "Raise train.retain_floor, lower train.learning_rate, or add benign rows that resemble the harmful ones."
    return Gate("drift", "during", benign <= DRIFT_ALARM, saw, advice, {"drift": benign})


def effect(harmful: float) -> Gate:
    """After: KL(frozen || adapted) of next-token distributions, nats per token of harmful continuations, is not 0."""
    saw = f"KL on harmful continuations is {harmful:.2g} nats per token"
    if harmful < NO_EFFECT:
        saw = f"The adapter changes nothing: {saw}"
    advice = "Train longer, or raise train.learning_rate."
    return Gate("effect", "after", harmful >= NO_EFFECT, saw, advice, {"harmful": harmful})


def benign(benign: float, harmful: float) -> Gate:
    """After: the same KL on benign continuations is less than half as large."""
    saw = f"KL on benign continuations is {benign:.2g} nats per token, {harmful:.2g} on harmful ones"
    advice = "Raise train.retain_floor, or lower train.alpha; more benign rows help most."
    return Gate("benign", "after", benign < harmful / 2, saw, advice, {"benign": benign})


class GateLog:
    """Takes each gate as it is seen: prints it, keeps `path` up to date, and stops the run where the recipe says so.

    Without a path, as in all processes but the first, nothing is written.
    """

    def __init__(self, policy: GatesRecipe, path: Path | None, console: Console) -> None:
        self.policy, self.path, self.console, self.seen = policy, path, console, list[Gate]()

    def __call__(self, gate: Gate) -> None:
        """Raises `GateError` if the gate does not pass and must."""
        policy = getattr(self.policy, gate.gate)
        if policy == "off":
            return
        self.seen.append(gate)
        if self.path:
            write_json(self.path, [asdict(each) for each in self.seen])
        if gate.passed:
            self.console.print(f"[green]pass[/] {gate.when}: {gate.gate}: {gate.saw}")
        elif policy == "warn":
            self.console.print(f"[yellow]warn[/] {gate.when}: {gate.gate}: {gate.saw}. {gate.advice}")
        else:
            raise GateError(f"{gate.saw}. {gate.advice} With train.gates.{gate.gate}=warn the run goes on.")
