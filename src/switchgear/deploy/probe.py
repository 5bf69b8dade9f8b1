"""A linear probe of hidden states: has the breaker tripped in this token?

Each state is scaled to unit length first: rerouting changes directions, and lengths differ by dtype and position.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import normalize, softplus

from switchgear.errors import DataError

PENALTY = 1e-4
"""Of the squared weights of standardised features, beside a mean loss in nats."""
ITERATIONS = 200


@dataclass(frozen=True)
class Probe:
    """Log-odds of a token to be tripped: `states / |states| . weight + bias`."""

    weight: Float[Tensor, "state width"]
    bias: Float[Tensor, ""]

    def __call__(self, states: Float[Tensor, "state token width"]) -> Float[Tensor, " token"]:
        weight, bias = self.weight.to(states.device), self.bias.to(states.device)
        return torch.einsum("stw,sw->t", normalize(states, dim=-1), weight) + bias

    def save(self, path: Path) -> None:
        save_file({"weight": self.weight.contiguous(), "bias": self.bias}, path)


def load(path: Path) -> Probe:
    """Raises `DataError` if the file is no probe."""
    try:
        return Probe(**load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise DataError(f"{path} is no probe ({type(error).__name__}). Fit the guard again.") from error


def fit(states: Float[Tensor, "state token width"], tripped: Bool[Tensor, " token"]) -> Probe:
    """Logistic regression with both classes weighed alike and an L2 penalty, by L-BFGS on standardised features.

    Raises:
        DataError: there are no tokens of one of the classes.
    """
    if tripped.all() or not tripped.any():
        raise DataError(
            f"A probe needs tokens that the breaker has tripped in, and others; of {len(tripped)}, it has tripped in "
            f"{int(tripped.sum())}. Look at the report's norms and cosines: does the breaker act?"
        )
    features = normalize(states, dim=-1).permute(1, 0, 2).flatten(1).double()
    mean, scale = features.mean(0), features.std(0).clamp(min=1e-6)
    features = (features - mean) / scale
    share = torch.where(tripped, 0.5 / tripped.sum(), 0.5 / (~tripped).sum()).double()
    sign = torch.where(tripped, 1.0, -1.0).double()
    weight = torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        total = (share * softplus(-sign * (features @ weight + bias))).sum() + PENALTY * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        raw = weight / scale
        return Probe(raw.view(states.shape[0], -1).float(), (bias - raw @ mean).float())
