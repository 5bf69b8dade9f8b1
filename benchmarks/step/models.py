"""The model that is timed: one from a folder or hub, or one of random weights in a well-known shape."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from peft import PeftModel
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from switchgear.model.hidden_states import blocks_of, target_indices
from switchgear.model.load import add_adapter, device, load_model
from switchgear.recipe import LoraRecipe, ModelRecipe, TrainRecipe
from switchgear.training.reading import states_read

INITIAL_B = 0.02
"""Standard deviation of B. Near 0 the gradient of rerouting is rounding noise, and no two of them are alike."""

LLAMA_8B = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
}
CONFIGS = {"llama-8b": LLAMA_8B}
AUTHORS = TrainRecipe(mask="everything", retain="reference")


@dataclass(frozen=True)
class Setting:
    """`model` gives tokenizer and weights; with `config` (a key of `CONFIGS`) the weights are random in that shape."""

    model: str
    config: str | None = None
    targets: tuple[int | float, ...] = (1 / 3, 2 / 3)
    threads: int | None = None
    initial_b: float = INITIAL_B


def frozen(setting: Setting, dtype: torch.dtype) -> PreTrainedModel:
    if setting.config is None:
        return load_model(ModelRecipe(name=setting.model, dtype=str(dtype).removeprefix("torch.")))
    torch.manual_seed(0)
    with device():
        model = AutoModelForCausalLM.from_config(
            AutoConfig.for_model("llama", **CONFIGS[setting.config]), dtype=dtype, attn_implementation="sdpa"
        )
    return model.eval().requires_grad_(False)


def adapted(setting: Setting, dtype: torch.dtype) -> PeftModel:
    """A model with LoRA on all blocks that the authors' losses look at. The adapter is the same in every dtype."""
    base = frozen(setting, dtype)
    model = add_adapter(base, LoraRecipe(), last_state(AUTHORS, setting, base))
    generator = torch.Generator().manual_seed(0)
    for name, weight in trained(model):
        scale = setting.initial_b if "lora_B" in name else weight.shape[1] ** -0.5
        weight.data.copy_(scale * torch.randn(weight.shape, generator=generator))
    return model


def targets(setting: Setting, model: torch.nn.Module) -> list[int]:
    return target_indices(setting.targets, len(blocks_of(model)))


def last_state(recipe: TrainRecipe, setting: Setting, model: torch.nn.Module) -> int:
    """The highest hidden state that the losses of this recipe look at: so many blocks are needed."""
    return max(states_read(recipe, targets(setting, model), len(blocks_of(model))))


def trained(model: torch.nn.Module) -> Iterator[tuple[str, Tensor]]:
    return ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)
