"""Both models block by block, the adapted one computed as the frozen one and a difference.

While an adapter is small, adapted and frozen states differ by less than bfloat16 resolves, and what two separate
forwards differ by is mostly rounding: near the start, the gradient of a loss on that difference is noise. Here each
block runs for the frozen stream and then for the adapted one, and a frozen weight W gives

    y_a = y_f + W (x_a - x_f)    (+ s B A x_a, from the adapter)

with the products in the precision of W, sums and all else, attention too, in float32. There are as many products as in
two forwards. Weights that both models do not share (whole trained blocks, a base of 4 bits) are multiplied as ever.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Int
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

from switchgear.model.checkpointing import recomputed, replaced
from switchgear.model.hidden_states import Both, ReadBoth, blocks_of, both_states, final_norm, hidden_states, stream_of
from switchgear.model.layout import Layout
from switchgear.model.packing import TOLERANCE, moved

ADAPTERS = (BaseTunerLayer, AuxiliaryTrainingWrapper)  # PEFT's: LoRA, and whole blocks
Run = Callable[..., Any]


def read_both_for(model: PeftModel, layout: Layout, state: int) -> tuple[ReadBoth, str]:
    """`both_states_in_lockstep` for weights in bfloat16, if it gives the states of two forwards; the reason if not."""
    if model.get_input_embeddings().weight.dtype is not torch.bfloat16:
        return both_states, ""
    layout = layout.to(model.device)
    tokens = torch.tensor([place for row in layout.places for place in row], device=model.device)
    try:
        with torch.no_grad():
            pairs = [read(model, layout, [state], tokens) for read in (both_states_in_lockstep, both_states)]
    except (TypeError, RuntimeError, KeyError) as error:
        return both_states, f"its blocks cannot be run twice ({type(error).__name__})"
    share = max(moved(one, other) for one, other in zip(*pairs, strict=True))
    if share < TOLERANCE:
        return both_states_in_lockstep, ""
    return both_states, f"its states come out differently in lockstep (by {share:.0%} of their norm)"


def both_states_in_lockstep(
    model: PeftModel, layout: Layout, states: Sequence[int], tokens: Int[Tensor, " token"], checkpointing: bool = False
) -> Both:
    """What `both_states` gives: adapted states (with gradient) and frozen ones, at the same tokens."""
    blocks = blocks_of(model)
    frozen: dict[int, Tensor] = {}
    stream: Tensor | None = None  # the frozen one, after the last block

    def both(state: int, run: Run, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        nonlocal stream
        stream, output = run(hidden_states.detach() if stream is None else stream, hidden_states, *args, **kwargs)
        if state in states:
            frozen[state] = stream.flatten(0, 1)[tokens].float()
        return output

    with ExitStack() as stack:
        for state, block in enumerate(blocks, start=1):
            run: Run = partial(_twice, block, block.forward)
            run = recomputed(run, block) if checkpointing else run
            stack.enter_context(replaced(block, partial(both, state, run)))
        adapted = hidden_states(model, layout, states, tokens)
    if 0 in states:
        frozen[0] = adapted[list(states).index(0)].detach()
    if len(blocks) in states:
        with torch.no_grad():
            frozen[len(blocks)] = final_norm(model, frozen[len(blocks)])
    return adapted, torch.stack([frozen[state] for state in states])


class Differences(TorchFunctionMode):
    """For one block: remembers what each frozen weight makes of the frozen stream, and then adds differences."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[int, tuple[Tensor, Tensor]] = {}  # input and output, by weight
        self.recording = True

    def __torch_function__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is scaled_dot_product_attention and len(args) > 2:
            with torch.autocast(args[0].device.type, enabled=False):
                return func(*(part.float() for part in args[:3]), *args[3:], **kwargs)
        if func is linear and len(args) > 1 and _frozen(args[1]):
            return self._product(*args, **kwargs)
        return func(*args, **kwargs)

    def _product(self, states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if self.recording:
            output = linear(states, weight, bias).float()
            self.before[id(weight)] = states, output
            return output
        states_before, before = self.before.get(id(weight), (None, None))
        if states_before is None or before is None or states_before.shape != states.shape:
            return linear(states, weight, bias).float()
        return before + linear(states - states_before, weight)


def _frozen(weight: Any) -> bool:
    return isinstance(weight, nn.Parameter) and not weight.requires_grad


def _twice(
    block: nn.Module, forward: Run, before: Tensor, hidden_states: Tensor, *args: Any, **kwargs: Any
) -> tuple[Tensor, Any]:
    """What the block's own `forward` makes of the frozen stream, and then of the other."""
    with Differences() as products:
        with torch.no_grad(), _without_adapter(block):
            frozen = stream_of(forward(before, *args, **kwargs))
        products.recording = False
        return frozen, forward(hidden_states, *args, **kwargs)


@contextmanager
def _without_adapter(block: nn.Module) -> Iterator[None]:
    layers: list[Any] = [part for part in block.modules() if isinstance(part, ADAPTERS)]
    try:
        for layer in layers:
            layer.enable_adapters(False)
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)
