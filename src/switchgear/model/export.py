"""A trained breaker as a folder that others can load: an adapter for PEFT, or one model with the adapter merged.

What is written is loaded again with transformers and PEFT alone, and has to give the logits that it gave before.
"""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedTokenizerBase

from switchgear.errors import ModelError, RunError
from switchgear.model.embedded import base_name, forget_quantisation
from switchgear.model.fidelity import agreement, difference, logits, moved
from switchgear.model.fingerprint import sign
from switchgear.model.load import device, load_adapter, load_model, load_tokenizer, stored_dtype
from switchgear.model.model_card import model_card
from switchgear.recipe import Recipe
from switchgear.runs import Run, replacing, write_json

Figures = dict[str, Any]


def export(
    recipe: Recipe,
    run: Run,
    folder: Path,
    *,
    merged: bool = False,
    dtype: torch.dtype | None = None,
    max_shard_size: str = "5GB",
) -> Figures:
    """Writes `run.adapter`, or with `merged` the whole model, to `folder` with tokenizer, recipe and model card.

    `dtype` is what a merged model is stored in: that of the base's own files if it is not given.

    Returns:
        What was checked, as it is written to `export.json`: the largest differences of a logit on a few prompts, after
        loading again, merging and rounding; and the share of the adapted weights that rounding leaves changed.

    Raises:
        RunError: nothing is trained, or `folder` is not empty. ModelError: the adapter is of another base, the base is
        quantised, or what was written does not give the same logits when it is loaded.
    """
    adapter = run.need(run.adapter, "train")
    tokenizer = load_tokenizer(recipe.model)
    with _filling(folder) as partial:
        tokenizer.save_pretrained(partial)
        if merged:
            stored = dtype or stored_dtype(recipe.model)
            figures = _write_merged(recipe, adapter, tokenizer, partial, stored, max_shard_size)
        else:
            figures = _write_adapter(recipe, adapter, tokenizer, partial)
        if figures["reload_difference"]:
            raise ModelError(
                f"What was written gives other logits when it is loaded: by {figures['reload_difference']:.3g} at the "
                "most. Nothing was exported."
            )
        shutil.copy(run.recipe, partial / "recipe.yaml")
        write_json(partial / "export.json", figures)
        with replacing(partial / "README.md") as file:
            file.write(model_card(recipe, run, base_name(recipe.model), figures))
    return figures


def _write_adapter(recipe: Recipe, adapter: Path, tokenizer: PreTrainedTokenizerBase, folder: Path) -> Figures:
    adapted = load_adapter(load_model(recipe.model), adapter)
    config = adapted.peft_config["default"]
    config.base_model_name_or_path, config.revision = base_name(recipe.model), recipe.model.revision
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    adapted.generation_config.save_pretrained(folder)
    sign(folder, adapted, base_name(recipe.model))
    before = logits(adapted, tokenizer)
    del adapted
    gc.collect()
    again = load_adapter(load_model(recipe.model), folder)
    return {"kind": "adapter", "reload_difference": difference(before, logits(again, tokenizer))}


def _write_merged(
    recipe: Recipe, adapter: Path, tokenizer: PreTrainedTokenizerBase, folder: Path, dtype: torch.dtype, shard: str
) -> Figures:
    """Merges in float32 and rounds once: sums in bfloat16 would round base and difference first."""
    in_float32 = recipe.model.model_copy(update={"dtype": "float32"})
    base = load_model(in_float32)
    forget_quantisation(base)
    adapted = load_adapter(base, adapter)
    exact, changed = logits(adapted, tokenizer), moved(adapted, dtype)
    try:
        model = adapted.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise ModelError(f"The adapter in {adapter} cannot be merged: {error}") from error
    summed = logits(model, tokenizer)
    rounded = logits(_stored_as(model, dtype, computing=torch.float32), tokenizer)
    before = logits(_stored_as(model, dtype), tokenizer)
    model.save_pretrained(folder, max_shard_size=shard)
    del base, adapted, model
    gc.collect()
    again = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, trust_remote_code=recipe.model.trust_remote_code)
    return {
        "kind": "merged",
        "dtype": str(dtype).removeprefix("torch."),
        "weights_moved": changed,
        "largest_logit": max(float(each.abs().max()) for each in exact),
        "merge_difference": difference(exact, summed),
        "rounding_difference": difference(exact, rounded),
        "same_next_token": agreement(exact, rounded),
        "reload_difference": difference(before, logits(again.to(device()).eval(), tokenizer)),
    }


def _stored_as(model: nn.Module, dtype: torch.dtype, computing: torch.dtype | None = None) -> nn.Module:
    """`model` with its weights rounded to `dtype`, in place. Buffers stay: loading leaves them in float32 too."""
    for weight in model.parameters():
        weight.data = weight.data.to(dtype).to(computing or dtype)
    return model


@contextmanager
def _filling(folder: Path) -> Iterator[Path]:
    """A folder that takes `folder`'s place once it is whole. Raises `RunError` if that is there, or cannot be."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise RunError(f"{folder} is there already. Choose another folder with --to, or delete that one.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as scratch:
            partial = Path(scratch) / folder.name
            partial.mkdir()
            yield partial
            partial.replace(folder)
    except RunError:
        raise
    except (OSError, SafetensorError) as error:
        raise RunError(f"{folder} could not be written ({error}). Nothing was exported.") from error
