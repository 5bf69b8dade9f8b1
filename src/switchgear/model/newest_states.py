"""Hidden states of the newest token of each row while a model decodes: what a guard watches."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from switchgear.model.hidden_states import blocks_of, norm_of, stream_of

Newest = Callable[[], Float[Tensor, "state row width"]]


@contextmanager
def newest_states(model: nn.Module, states: Sequence[int]) -> Iterator[Newest]:
    """While entered, what is yielded gives the states (1 to depth) of the last position in the latest forward.

    With a key-value cache this is the newest token. Nothing is computed twice, and the hooks go whatever happens.
    """
    blocks, final = blocks_of(model), norm_of(model)
    latest: dict[int, Tensor] = {}

    def keep(state: int) -> Callable[[Any, Any, Any], None]:
        def hook(_module: Any, _args: Any, output: Any) -> None:
            latest[state] = stream_of(output)[:, -1].detach().float()

        return hook

    places = {state: final if state == len(blocks) else blocks[state - 1] for state in states}
    handles = [place.register_forward_hook(keep(state)) for state, place in places.items()]
    try:
        yield lambda: torch.stack([latest[state] for state in states])
    finally:
        for handle in handles:
            handle.remove()
