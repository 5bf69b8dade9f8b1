"""Gradient checkpointing: of a block only its input is kept, and the backward pass runs the block once more.

Each block's `forward` is replaced, so that what hangs on its call happens once: hooks that read or change states, and
the gathering of weights that are split over processes.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

from switchgear.model.trie_attention import attending


@contextmanager
def checkpointed(blocks: Iterable[nn.Module]) -> Iterator[None]:
    """While entered, gradients through these blocks are recomputed. A backward pass may come later."""
    with ExitStack() as stack:
        for block in blocks:
            stack.enter_context(replaced(block, recomputed(block.forward, block)))
        yield


def recomputed(run: Callable[..., Any], block: nn.Module) -> Callable[..., Any]:
    """`run`, which calls `block`, so that its gradients are recomputed. Tensors that need one are given by position.

    PyTorch brings back random numbers and autocast; the attention of a trie is long over by the backward pass.
    """

    def again(*args: Any, **kwargs: Any) -> Any:
        with attending(block) if "layout" in kwargs else nullcontext():
            return run(*args, **kwargs)

    return partial(checkpoint, again, use_reentrant=False)


@contextmanager
def replaced(block: Any, forward: Callable[..., Any]) -> Iterator[None]:
    """While entered, calling `block` runs `forward`."""
    before = vars(block).get("forward")
    block.forward = forward
    try:
        yield
    finally:
        del block.forward
        if before:
            block.forward = before
