"""A change to the residual stream of one state, while entered: what an attack on activations adds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from switchgear.model.hidden_states import blocks_of


@contextmanager
def perturbed(
    model: nn.Module, state: int, tokens: Int[Tensor, " token"], change: Float[Tensor, "token width"]
) -> Iterator[None]:
    """Adds `change` to hidden state `state` (1 or more) at `tokens` of a layout, in every forward while entered.

    The state itself is read with the change, and so is all that follows from it.
    """

    def add(module: nn.Module, args: Any, output: Any) -> Any:
        stream = output if isinstance(output, Tensor) else output[0]
        moved = stream.flatten(0, 1).index_add(0, tokens, change.to(stream.dtype)).view_as(stream)
        return moved if isinstance(output, Tensor) else (moved, *output[1:])

    handle = blocks_of(model)[state - 1].register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()
