"""The gates of a training run: what happens when one does not pass."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from switchgear.recipe.base import Section

Policy = Annotated[
    Literal["stop", "warn", "off"],
    BeforeValidator(lambda given: "off" if given is False else given),  # YAML reads a bare `off` as false
]


class GatesRecipe(Section):
    """What happens when a gate does not pass: the run stops, a warning is kept, or the gate is not looked at."""

    masks: Policy = "stop"
    """Harmful rows without a token to reroute (more than half of them), or rerouted from first to last."""
    share: Policy = "warn"
    """The share of their tokens that is rerouted."""
    finite: Policy = "stop"
    """A loss that is not a number."""
    plateau: Policy = "stop"
    """A reroute loss that has not fallen by `plateau_steps`."""
    drift: Policy = "warn"
    """How far benign states move."""
    effect: Policy = "stop"
    """An adapter that changes nothing on harmful continuations."""
    benign: Policy = "warn"
    """One that changes benign continuations nearly as much."""
