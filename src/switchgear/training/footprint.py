"""How much memory a model and a recipe need, told from the model's configuration: no weight is loaded.

The figures are for the worst rows: all as long as `render.max_tokens`, none sharing a prefix. Real steps mostly need
less. What is counted are the large parts; `SLACK` and `CACHES` stand for the rest, and come from the demo, measured on
two cores: training was estimated at 6.5 GiB and took 6.0, evaluation 9.5 and took 9.1.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from switchgear.model.hidden_states import blocks_of, blocks_to_train, target_indices
from switchgear.model.load import configuration
from switchgear.recipe import Recipe
from switchgear.training.reading import states_read

PROCESS = 500_000_000  # bytes: Python with torch and transformers
SLACK = 1.25  # of activations: what is made and dropped on the way, and what the heap cannot reuse
CACHES = 6  # keys and values of a batch, over: the prefix, its copies, and those of batches before
TRAINED = 16  # bytes of a trained parameter: itself, its gradient and two moments, in float32
FOUR_BITS = 0.56  # bytes of a parameter, with its scale


@dataclass(frozen=True)
class Footprint:
    """In bytes; `trained` counts parameters."""

    parameters: int
    trained: int
    weights: int
    train: int
    evaluate: int


def footprint(recipe: Recipe) -> Footprint:
    """Raises `ModelError` if the model's configuration does not load or its blocks are not found; `RecipeError` for a
    recipe that would not train.
    """
    config = configuration(recipe.model)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=recipe.model.trust_remote_code)
    blocks = list(blocks_of(model))
    targets = target_indices(recipe.train.target_layers, len(blocks))
    last = max(states_read(recipe.train, targets, len(blocks)))
    chosen = blocks_to_train(recipe.train.layers, last, len(blocks))
    read = blocks[min(chosen) : len(blocks) if recipe.train.kl else last]
    parameters = _size(model)
    trained = sum(_trained(blocks[index], recipe) for index in chosen)
    weights = round(parameters * _bytes(recipe))
    activations = _activations(read, config.get_text_config(), recipe)
    return Footprint(
        parameters=parameters,
        trained=trained,
        weights=weights,
        train=round(PROCESS + weights + TRAINED * trained + SLACK * activations),
        evaluate=round(
            PROCESS + weights + 4 * trained + CACHES * _cache(len(blocks), config.get_text_config(), recipe)
        ),
    )


def _size(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())


def _bytes(recipe: Recipe) -> float:
    if recipe.model.quantization:
        return FOUR_BITS
    return 4.0 if recipe.model.dtype == "float32" else 2.0


def _linear(block: nn.Module) -> list[tuple[int, int]]:
    """Inputs and outputs of each linear layer."""
    found = [part for part in block.modules() if isinstance(part, nn.Linear | Conv1D)]
    return [(part.nx, part.nf) if isinstance(part, Conv1D) else (part.in_features, part.out_features) for part in found]


def _trained(block: nn.Module, recipe: Recipe) -> int:
    if recipe.train.adapter == "full":
        return _size(block)
    return sum(recipe.train.lora.rank * (inputs + outputs) for inputs, outputs in _linear(block))


def _activations(read: list[nn.Module], config: Any, recipe: Recipe) -> int:
    """What is kept for the backward pass: of each block what goes into and out of its layers, in float32.

    With checkpointing, what goes into each block for both models, and one block at a time with its gradients.
    """
    rows = sum(recipe.train.batch.model_dump().values())
    of_block = [4 * config.hidden_size + sum(map(sum, _linear(block))) for block in read]
    of_token = sum(of_block)
    if recipe.train.checkpointing:
        of_token = 2 * (config.hidden_size * len(read) + max(of_block))
    kept: int = 4 * rows * recipe.render.max_tokens * of_token
    predictions: int = 4 * 4 * rows * 100 * config.vocab_size  # of continuations of 100 tokens, several times over
    return kept + (predictions if recipe.train.kl else 0)


def _cache(blocks: int, config: Any, recipe: Recipe) -> int:
    """Keys and values of one batch of contexts, each begun in every mode, and for twins in one more."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rows = recipe.evaluate.batch_size * (len(recipe.evaluate.modes) + 1)
    positions = recipe.render.max_tokens + recipe.evaluate.max_new_tokens
    states: int = 2 * blocks * rows * positions * heads * width
    return round(states * max(2, _bytes(recipe)))
