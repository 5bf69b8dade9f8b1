"""A guard whose probe is chosen by hand, on the tiny model: it trips where it is told to."""

from collections.abc import Callable

import pytest
import torch

from switchgear.deploy.guard import Guard, Settings
from switchgear.deploy.probe import Probe


@pytest.fixture
def make_guard() -> Callable[..., Guard]:
    def make(bias: float = -9.0, window: int = 1, weight: torch.Tensor | None = None) -> Guard:
        """Trips at once, whatever the states, if `bias` is above 0; never if it is below, and there is no weight."""
        settings = Settings(
            adapter="",
            states=(2,),
            window=window,
            threshold=0,
            false_trips=0.01,
            fitted_on={},
        )
        return Guard(Probe(torch.zeros(1, 32) if weight is None else weight, torch.tensor(bias)), settings)

    return make
