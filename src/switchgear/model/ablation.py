"""A direction taken out of the residual stream, while entered: what an attack on representations does.

Arditi et al. 2024 (arXiv 2406.11717) subtract a state's component along the difference of means of harmful and
harmless states. Here it is set back to that of the harmless mean (Marshall et al. 2024, arXiv 2411.09003), since all
states share a large mean.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from switchgear.model.perturbation import changed


@dataclass(frozen=True)
class Direction:
    """A unit vector of one hidden state, and the component along it of the mean that it starts from."""

    unit: Float[Tensor, " width"]
    level: Float[Tensor, ""]

    def ablate(self, states: Float[Tensor, "*token width"], strength: float) -> Float[Tensor, "*token width"]:
        """`states` with their component along the direction moved to `level`: not at all by 0, all the way by 1."""
        surplus = states.float() @ self.unit - self.level
        return (states.float() - strength * surplus[..., None] * self.unit).to(states.dtype)


def difference_of_means(first: Float[Tensor, "token width"], second: Float[Tensor, "_token width"]) -> Direction:
    """From the mean of `second`, whose level it is, to the mean of `first`; zeros if they are equal."""
    center = second.mean(dim=0)
    apart = first.mean(dim=0) - center
    unit = apart / apart.norm().clamp_min(1e-12)
    return Direction(unit, center @ unit)


def ablated(model: nn.Module, directions: Mapping[int, Direction], strength: float) -> AbstractContextManager[None]:
    """Ablates hidden state s along `directions[s]` (s is 1 or more) at every token of every forward while entered."""
    return changed(
        model, {state: partial(direction.ablate, strength=strength) for state, direction in directions.items()}
    )
