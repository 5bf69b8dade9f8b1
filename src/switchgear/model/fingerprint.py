"""Which weights an adapter was trained on: a hash over a sample of each, kept beside the adapter.

Names and shapes tell a Llama from a Qwen, but not Llama 3 from Llama 3.1, where an adapter loads and does nothing good.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from switchgear.errors import ModelError
from switchgear.runs import read_json, write_json

FILE = "base_fingerprint.json"
SAMPLE = 64  # values of each weight


def fingerprint(model: nn.Module) -> str | None:
    """SHA-256 over name, shape and a sample of each weight, adapters aside; None where weights are quantised.

    Samples are rounded to bfloat16, so that a model has one fingerprint in bfloat16 and in float32.
    """
    digest = hashlib.sha256()
    for name, weight in sorted(model.named_parameters()):
        if "lora_" in name:
            continue
        if not weight.is_floating_point():
            return None
        plain = name.removeprefix("base_model.model.").replace(".base_layer.", ".")
        digest.update(f"{plain} {tuple(weight.shape)}".encode())
        step = max(1, weight.numel() // SAMPLE)
        sample = weight.detach().flatten()[::step].to("cpu", torch.bfloat16)
        digest.update(sample.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def sign(folder: Path, model: nn.Module, name: str) -> None:
    """Writes the fingerprint of the base of `model` beside the adapter in `folder`; `name` is what people call it."""
    write(folder, fingerprint(model), name)


def write(folder: Path, digest: str | None, name: str) -> None:
    """The same with a fingerprint that was taken before, while the base was whole and alone."""
    write_json(folder / FILE, {"base": name, "sha256": digest})


def check_base(folder: Path, model: nn.Module) -> None:
    """Raises `ModelError` if the adapter in `folder` was signed for another base than `model`."""
    if not (folder / FILE).exists():
        return
    signed: dict[str, Any] = read_json(folder / FILE)
    given = fingerprint(model)
    if given and signed["sha256"] and given != signed["sha256"]:
        raise ModelError(
            f"The adapter in {folder} was trained on other weights: {signed['base']}, with fingerprint "
            f"{signed['sha256'][:12]}; this model has {given[:12]}. Load that model, at the revision of its recipe."
        )
