"""Loading: a folder, a hub id, or an embedded model. Adapters are PEFT LoRA."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.utils import load_peft_weights
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging

from switchgear.errors import ModelError, TemplateError
from switchgear.model.embedded import EMBEDDED, converted
from switchgear.model.fingerprint import check_base
from switchgear.model.hidden_states import blocks_of
from switchgear.model.quantization import quantization
from switchgear.recipe import LoraRecipe, ModelRecipe

logging.disable_progress_bar()  # loading takes a second; the stages show their own progress


def load_tokenizer(recipe: ModelRecipe) -> PreTrainedTokenizerBase:
    """The tokenizer, with a pad token. Raises `TemplateError` without a chat template, `ModelError` if none loads."""
    tokenizer = _load(AutoTokenizer, recipe)
    if not tokenizer.chat_template:
        raise TemplateError(
            f"The tokenizer of {recipe.name} has no chat template, so assistant turns cannot be located. "
            "Use the instruct version of the model, or put a chat_template.jinja beside its tokenizer."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(recipe: ModelRecipe, place: torch.device | None = None) -> PreTrainedModel:
    """The frozen model in eval mode, at `place` or on the best device here.

    Raises:
        ModelError: it is not one we understand, or `quantization` asks for what is not installed.
    """
    dtype = torch.bfloat16 if recipe.dtype == "auto" else getattr(torch, recipe.dtype)
    place = place or device()
    if recipe.quantization:
        model = _load(AutoModelForCausalLM, recipe, dtype=dtype, device_map={"": place}, **quantization())
    else:
        model = _load(AutoModelForCausalLM, recipe, dtype=dtype).to(place)
    blocks_of(model)
    return model.eval().requires_grad_(False)


def configuration(recipe: ModelRecipe) -> Any:
    """What the model says of itself. Raises `ModelError` if there is none."""
    return _load(AutoConfig, recipe)


def context_length(recipe: ModelRecipe) -> int | None:
    """How many tokens the model was made for, if its configuration says."""
    length: int | None = getattr(configuration(recipe).get_text_config(), "max_position_embeddings", None)
    return length


def stored_dtype(recipe: ModelRecipe) -> torch.dtype:
    """What the weights are stored in; float32 if the model does not say."""
    return configuration(recipe).dtype or torch.float32


def device() -> torch.device:
    return torch.accelerator.current_accelerator() or torch.device("cpu")


def add_adapter(model: PreTrainedModel, recipe: LoraRecipe, layers: int | Sequence[int]) -> PeftModel:
    """A fresh LoRA on the first `layers` blocks, or on those: above the last rerouted state none would get a gradient.

    Drawn from torch's global generator: seed it first for a reproducible start.

    Raises:
        ModelError: `lora.modules` names something that the model does not have.
    """
    linear = _linear_layers(model)
    modules = linear if recipe.modules == "all-linear" else list(recipe.modules)
    if missing := sorted(set(modules) - set(linear)):
        raise ModelError(
            f"lora.modules names {missing}, which the blocks of this model lack. They have: {', '.join(linear)}."
        )
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=modules,
        layers_to_transform=list(range(layers) if isinstance(layers, int) else layers),
        task_type="CAUSAL_LM",
    )
    with _quiet():
        adapted = get_peft_model(model, config)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight, std=recipe.initial_b)
    return adapted


def _linear_layers(model: nn.Module) -> list[str]:
    parts = (part for block in blocks_of(model) for part in block.named_modules())
    return sorted({name.split(".")[-1] for name, part in parts if isinstance(part, nn.Linear | Conv1D)})


def load_adapter(model: PreTrainedModel, folder: Path) -> PeftModel:
    """The frozen `model` with the adapter in `folder`. Raises `ModelError` if it is damaged or of another model."""
    check_base(folder, model)
    try:
        with _quiet():
            adapted = PeftModel.from_pretrained(model, str(folder)).eval()
        saved = load_peft_weights(str(folder), device="cpu")
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"The adapter in {folder} does not load into this model: {_first_line(error)}") from error
    if saved.keys() != get_peft_model_state_dict(adapted, save_embedding_layers=False).keys():
        raise ModelError(f"The adapter in {folder} is of another model: their layers differ.")
    return adapted


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")  # between PEFT and transformers
        yield


def _load(auto: Any, recipe: ModelRecipe, **options: Any) -> Any:
    common = {"revision": recipe.revision, "trust_remote_code": recipe.trust_remote_code}
    try:
        source = str(converted(recipe.name)) if recipe.name in EMBEDDED else recipe.name
        return auto.from_pretrained(source, **common, **options)
    except ModelError:
        raise
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        known = f"Give a folder, a hub id, or an embedded model: {', '.join(EMBEDDED)}."
        raise ModelError(f"{recipe.name} does not load as a chat model: {_first_line(error)} {known}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
