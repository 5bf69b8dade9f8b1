"""Hidden states of the frozen and the adapted model, from one set of weights.

Indices are those of `output_hidden_states`: 0 is the embedding output, l the output of block l - 1, and the last one,
D, comes after the final norm (representation rerouting's "layers 10 and 20" are the outputs of blocks 9 and 19).
Only the trunk runs (no logits), and nothing above the last state that is asked for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from peft import PeftModel
from torch import Tensor, nn

from switchgear.errors import ModelError, RecipeError
from switchgear.model.checkpointing import checkpointed
from switchgear.model.layout import Layout
from switchgear.model.trie_attention import attending

BLOCKS = ("layers", "h", "blocks")  # Llama-like; GPT-2-like; MPT-like
NORMS = ("norm", "ln_f", "final_layernorm", "norm_f")

Both = tuple[Float[Tensor, "state token width"], Float[Tensor, "state token width"]]
"""Adapted and frozen."""


@runtime_checkable
class ReadBoth(Protocol):
    """A way to read both models."""

    def __call__(
        self, model: PeftModel, layout: Layout, states: Sequence[int], tokens: Tensor, checkpointing: bool = False
    ) -> Both: ...


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


def norm_of(model: nn.Module) -> nn.Module:
    """The norm after the last block. Raises as `trunk_of`."""
    trunk = trunk_of(model)
    norm: nn.Module = getattr(trunk, _attribute(trunk, NORMS))
    return norm


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


def blocks_to_train(layers: Sequence[int] | float | None, last: int, depth: int) -> list[int]:
    """Blocks that the adapter changes, of those below hidden state `last`: by number, from a relative depth on, or all.

    Raises:
        RecipeError: a block above, which would get no gradient, or none at all.
    """
    if layers is None or isinstance(layers, float):
        layers = range(round((layers or 0) * depth), last)
    wrong = [block for block in layers if not 0 <= block < last]
    if wrong or not layers:
        raise RecipeError(
            f"train.layers: {f'block {wrong[0]} would get no gradient' if wrong else 'no block is left to train'}. The "
            f"last state that the losses look at is the output of block {last - 1} of {depth}, so blocks 0 to "
            f"{last - 1} can be trained."
        )
    return sorted(set(layers))


def hidden_states(
    model: nn.Module, layout: Layout, states: Sequence[int], tokens: Int[Tensor, " token"], checkpointing: bool = False
) -> Float[Tensor, "state token width"]:
    """The states at some of the layout's tokens, float32, with whatever adapter is active.

    There is no attention mask: under causal attention no real token sees the padding that follows it, and in a trie
    each sees its own path. Weights in bfloat16 are multiplied in bfloat16, but the residual stream is float32, because
    the difference between adapted and frozen states is below bfloat16's resolution while the adapter is small.
    """
    trunk: Any = trunk_of(model)
    embed = trunk.get_input_embeddings()
    inputs = {"inputs_embeds": embed(layout.ids).float(), "position_ids": layout.positions, "use_cache": False}
    recomputed = checkpointed(blocks_of(model)) if checkpointing else nullcontext()
    with _captured(trunk, states, tokens) as captured, _products(embed.weight), recomputed:
        if layout.nodes:
            with attending(trunk):
                trunk(**inputs, layout=layout)
        else:
            trunk(**inputs)
    return torch.stack([captured[state] for state in states])


def both_states(
    model: PeftModel, layout: Layout, states: Sequence[int], tokens: Int[Tensor, " token"], checkpointing: bool = False
) -> Both:
    """Adapted states (with gradient) and frozen states (adapter off, no gradient) at the same tokens."""
    with torch.no_grad(), model.disable_adapter():
        frozen = hidden_states(model, layout, states, tokens)
    return hidden_states(model, layout, states, tokens, checkpointing), frozen


def final_norm(model: nn.Module, states: Float[Tensor, "*some width"]) -> Float[Tensor, "*some width"]:
    """States after the norm that follows the last block: of a block's output, those of a model that ends with it."""
    trunk: Any = trunk_of(model)
    with _products(trunk.get_input_embeddings().weight):
        normed: Tensor = norm_of(model)(states)
    return normed.float()


@contextmanager
def _captured(trunk: nn.Module, states: Sequence[int], tokens: Tensor) -> Iterator[dict[int, Tensor]]:
    """Collects states of the next forward; cuts the trunk above the last of them and restores it whatever happens."""
    blocks, norm = _attribute(trunk, BLOCKS), _attribute(trunk, NORMS)
    whole, final = getattr(trunk, blocks), getattr(trunk, norm)
    captured: dict[int, Tensor] = {}

    def keep(state: int, output: Any) -> None:
        captured[state] = stream_of(output).flatten(0, 1)[tokens].float()

    handles = [
        whole[0].register_forward_pre_hook(lambda _, args, kwargs: keep(0, args or kwargs), with_kwargs=True),
        final.register_forward_hook(lambda _, __, output: keep(len(whole), output)),
        *(
            whole[state - 1].register_forward_hook(lambda _, __, output, state=state: keep(state, output))
            for state in states
            if 0 < state < len(whole)
        ),
    ]
    try:
        if max(states) < len(whole):
            setattr(trunk, blocks, whole[: max(states)])
            setattr(trunk, norm, nn.Identity())
        yield captured
    finally:
        setattr(trunk, blocks, whole)
        setattr(trunk, norm, final)
        for handle in handles:
            handle.remove()


def _products(weight: Tensor) -> Any:
    """Low-precision products for low-precision weights. Entered per forward: a longer autocast keeps old casts."""
    low = weight.dtype in (torch.bfloat16, torch.float16)
    return torch.autocast(weight.device.type, dtype=weight.dtype) if low else nullcontext()


def stream_of(output: Any) -> Tensor:
    """The residual stream in what a block is given or returns."""
    if isinstance(output, dict):
        output = output["hidden_states"]
    return output if isinstance(output, Tensor) else output[0]


def _attribute(module: nn.Module, names: tuple[str, ...]) -> str:
    return next((name for name in names if hasattr(module, name)), "")
