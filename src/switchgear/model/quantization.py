"""A base in 4 bits: NF4 weights, as QLoRA has them (Dettmers et al. 2023, arXiv 2305.14314)."""

from importlib.util import find_spec
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from switchgear.errors import ModelError


def quantization() -> dict[str, Any]:
    """Options of `from_pretrained`. Raises `ModelError` where bitsandbytes is not installed."""
    if not find_spec("bitsandbytes"):
        raise ModelError(
            "model.quantization=4bit needs bitsandbytes, which is not installed here. "
            "Install it with `pip install bitsandbytes`, or leave the field out."
        )
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config}
