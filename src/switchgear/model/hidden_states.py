"""Hidden states of the frozen and the adapted model, from one set of weights.

Indices are those of `output_hidden_states`: 0 is the embedding output, l the output of block l - 1, and the last one,
D, comes after the final norm (representation rerouting's "layers 10 and 20" are the outputs of blocks 9 and 19).
Only the trunk runs (no logits), and nothing above the last state that is asked for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from jaxtyping import Float, Int
from peft import PeftModel
from torch import Tensor, nn

from switchgear.errors import ModelError, RecipeError

BLOCKS = ("layers", "h", "blocks")  # Llama-like; GPT-2-like; MPT-like
NORMS = ("norm", "ln_f", "final_layernorm", "norm_f")


def trunk_of(model: nn.Module) -> nn.Module:
    """The stack of decoder blocks under `model`, adapter or not. Raises `ModelError` if there is none we understand."""
    base: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    trunk: nn.Module | None = base.get_decoder() if hasattr(base, "get_decoder") else None
    if trunk is None or not _attribute(trunk, BLOCKS) or not _attribute(trunk, NORMS):
        name = type(base).__name__
        raise ModelError(
            f"The architecture {name} is not understood: its trunk needs blocks (one of {', '.join(BLOCKS)}) and a "
            f"final norm (one of {', '.join(NORMS)}). Decoder-only chat models such as Llama or Qwen have both."
        )
    return trunk


def blocks_of(model: nn.Module) -> nn.ModuleList:
    """The decoder blocks. With n of them, hidden states go from 0 to n."""
    trunk = trunk_of(model)
    blocks: nn.ModuleList = getattr(trunk, _attribute(trunk, BLOCKS))
    return blocks


def target_indices(layers: Sequence[int | float], depth: int) -> list[int]:
    """Hidden-state indices of target layers: whole numbers as they are, fractions in (0, 1) as relative depth.

    Raises:
        RecipeError: an index outside 1..depth (0, the embedding, does not depend on the adapter).
    """
    indices = sorted(
        {round(layer * depth) if isinstance(layer, float) and 0 < layer < 1 else int(layer) for layer in layers}
    )
    wrong = [index for index in indices if not 1 <= index <= depth]
    if wrong:
        raise RecipeError(
            f"train.target_layers={list(layers)} asks for hidden state {wrong[0]} of a model with {depth} blocks. "
            f"Allowed: whole numbers from 1 to {depth}, or fractions of the depth between 0 and 1."
        )
    return indices


def hidden_states(
    model: nn.Module, ids: Int[Tensor, "row position"], last: int
) -> Float[Tensor, "state row position width"]:
    """States 0..last, float32, with whatever adapter is active.

    Rows are padded on the right and there is no attention mask: under causal attention no real token sees the padding
    that follows it. Weights in bfloat16 are multiplied in bfloat16, but the residual stream is float32, because the
    difference between adapted and frozen states is below bfloat16's resolution while the adapter is small.
    """
    trunk: Any = trunk_of(model)
    embed = trunk.get_input_embeddings()
    with _states(trunk, last) as states, _products(embed.weight):
        trunk(inputs_embeds=embed(ids).float(), use_cache=False)
    return torch.stack([state.float() for state in states])


def both_states(
    model: PeftModel, ids: Int[Tensor, "row position"], last: int
) -> tuple[Float[Tensor, "state row position width"], Float[Tensor, "state row position width"]]:
    """Adapted states (with gradient) and frozen states (adapter off, no gradient) of the same rows."""
    with torch.no_grad(), model.disable_adapter():
        frozen = hidden_states(model, ids, last)
    return hidden_states(model, ids, last), frozen


@contextmanager
def _states(trunk: nn.Module, last: int) -> Iterator[list[Tensor]]:
    """Collects states 0..last of the next forward; cuts the trunk above `last` and restores it whatever happens."""
    blocks, norm = _attribute(trunk, BLOCKS), _attribute(trunk, NORMS)
    whole, final = getattr(trunk, blocks), getattr(trunk, norm)
    states: list[Tensor] = []
    try:
        handles = [
            whole[0].register_forward_pre_hook(
                lambda _, args, kwargs: states.append(_tensor(args or kwargs)), with_kwargs=True
            )
        ]
        if last < len(whole):
            setattr(trunk, blocks, whole[:last])
            setattr(trunk, norm, nn.Identity())
        else:
            handles.append(final.register_forward_hook(lambda _, __, output: states.append(output)))
        handles += [
            block.register_forward_hook(lambda _, __, output: states.append(_tensor(output)))
            for block in whole[: min(last, len(whole) - 1)]
        ]
        yield states
    finally:
        setattr(trunk, blocks, whole)
        setattr(trunk, norm, final)
        for handle in handles:
            handle.remove()


def _products(weight: Tensor) -> Any:
    """Low-precision products for low-precision weights. Entered per forward: a longer autocast keeps old casts."""
    low = weight.dtype in (torch.bfloat16, torch.float16)
    return torch.autocast(weight.device.type, dtype=weight.dtype) if low else nullcontext()


def _tensor(output: Any) -> Tensor:
    if isinstance(output, dict):
        output = output["hidden_states"]
    return output if isinstance(output, Tensor) else output[0]


def _attribute(module: nn.Module, names: tuple[str, ...]) -> str:
    return next((name for name in names if hasattr(module, name)), "")
