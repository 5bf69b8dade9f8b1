"""Changes to the residual stream, while entered: what attacks on activations and on representations do."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from switchgear.model.hidden_states import blocks_of

Change = Callable[[Float[Tensor, "row position width"]], Float[Tensor, "row position width"]]


@contextmanager
def changed(model: nn.Module, changes: Mapping[int, Change]) -> Iterator[None]:
    """Puts hidden state s (1 or more) through `changes[s]` in every forward while entered.

    The state itself is read as changed, and so is all that follows from it.
    """

    def hook(change: Change) -> Any:
        def apply(module: nn.Module, args: Any, output: Any) -> Any:
            return change(output) if isinstance(output, Tensor) else (change(output[0]), *output[1:])

        return apply

    blocks = blocks_of(model)
    with ExitStack() as hooks:
        for state, change in changes.items():
            hooks.callback(blocks[state - 1].register_forward_hook(hook(change)).remove)
        yield


def perturbed(
    model: nn.Module, state: int, tokens: Int[Tensor, " token"], change: Float[Tensor, "token width"]
) -> AbstractContextManager[None]:
    """Adds `change` to hidden state `state` (1 or more) at `tokens` of a layout, in every forward while entered."""

    def add(stream: Tensor) -> Tensor:
        return stream.flatten(0, 1).index_add(0, tokens, change.to(stream.dtype)).view_as(stream)

    return changed(model, {state: add})
