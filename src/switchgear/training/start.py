"""What a run starts from: the frozen model with a fresh adapter, and how rows are read with both."""

from dataclasses import dataclass

import torch
from accelerate import PartialState
from peft import PeftModel
from rich.console import Console
from torch import nn
from transformers import PreTrainedModel

from switchgear.errors import RecipeError
from switchgear.model import fingerprint
from switchgear.model.full_blocks import add_full_blocks
from switchgear.model.hidden_states import blocks_of, blocks_to_train, both_states, target_indices
from switchgear.model.load import add_adapter, load_model
from switchgear.model.lockstep import read_both_for
from switchgear.model.packing import layout_for
from switchgear.recipe import Recipe, TrainRecipe
from switchgear.training import processes
from switchgear.training.pools import Pools
from switchgear.training.reading import Reader, states_read


@dataclass(frozen=True)
class Start:
    """The model with a fresh adapter, the hidden states that are rerouted, and the fingerprint of the base."""

    model: PeftModel
    targets: list[int]
    digest: str | None


def prepared(recipe: Recipe) -> Start:
    """Raises `ModelError` or `RecipeError` if the model does not load, or lacks what the recipe names."""
    sharded = recipe.train.shard and PartialState().num_processes > 1
    if sharded and recipe.model.quantization:
        raise RecipeError("train.shard=true splits whole weights only: leave out model.quantization, or train.shard.")
    frozen = load_model(recipe.model, torch.device("cpu") if sharded else None)
    digest = fingerprint.fingerprint(frozen)
    _norms_in_float32(frozen)
    depth = len(blocks_of(frozen))
    targets = target_indices(recipe.train.target_layers, depth)
    blocks = blocks_to_train(recipe.train.layers, max(states_read(recipe.train, targets, depth)), depth)
    model = _adapted(frozen, recipe.train, blocks)
    if sharded:
        processes.shard(model)
    return Start(model.to(PartialState().device), targets, digest)


def _norms_in_float32(model: PreTrainedModel) -> None:
    """The residual stream is float32, and on a CPU PyTorch's LayerNorm takes no weights that are rounded further."""
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.float()


def _adapted(frozen: PreTrainedModel, recipe: TrainRecipe, blocks: list[int]) -> PeftModel:
    return add_full_blocks(frozen, blocks) if recipe.adapter == "full" else add_adapter(frozen, recipe.lora, blocks)


def reader(recipe: TrainRecipe, start: Start, drawn: Pools, pad_id: int, console: Console) -> Reader:
    """The fastest and finest way to read rows that gives this model's states."""
    longest = sorted((row.ids for rows in drawn.values() for row in rows), key=len, reverse=True)
    lay_out, reason = layout_for(start.model, longest, max(start.targets), pad_id)
    if reason:
        console.print(f"[yellow]Rows are padded[/]: this model cannot read them as a trie, because {reason}.")
    if recipe.lockstep:
        read_both, reason = read_both_for(start.model, lay_out(longest[:4]), max(start.targets))
        if reason:
            console.print(f"[yellow]Both models are read one after the other[/], because {reason}.")
    else:
        read_both = both_states
    return Reader(recipe, start.model, start.targets, lay_out, read_both)
