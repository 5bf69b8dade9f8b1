"""Next-token logits from states after the final norm, at chosen tokens only."""

from typing import Any

import torch
from jaxtyping import Float
from peft import PeftModel
from torch import Tensor, nn


def logits(model: nn.Module, final: Float[Tensor, "token width"]) -> Float[Tensor, "token word"]:
    """What the model's own head makes of the last hidden state, float32, scaled and capped as its config says."""
    base: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    head, config = base.get_output_embeddings(), base.config
    raw: Tensor = head(final.to(head.weight.dtype)).float()
    raw = raw * (getattr(config, "logit_scale", None) or 1)  # Cohere's
    raw = raw / (getattr(config, "logits_scaling", None) or 1)  # Granite's
    cap = getattr(config, "final_logit_softcapping", None)  # Gemma's
    return cap * torch.tanh(raw / cap) if cap else raw
