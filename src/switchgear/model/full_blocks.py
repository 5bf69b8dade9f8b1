"""Whole blocks as an adapter: PEFT keeps the frozen block beside a copy of it that is trained.

With the adapter off the frozen block runs, on the copy does; saving, loading and merging are PEFT's own.
"""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import DUMMY_TARGET_MODULES
from torch import nn
from transformers import PreTrainedModel

from switchgear.model.hidden_states import blocks_of

NOISE = 1e-3
"""Of the spread of each weight. A copy that equals its original would start where RR has no gradient."""


def add_full_blocks(model: PreTrainedModel, blocks: list[int]) -> PeftModel:
    """`model` with trained copies, in float32, of these blocks. Noise is drawn from torch's global generator."""
    names = [name for name, module in model.named_modules() if any(module is blocks_of(model)[i] for i in blocks)]
    config = LoraConfig(target_modules=DUMMY_TARGET_MODULES, modules_to_save=names, task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    for module in adapted.modules():
        if isinstance(module, nn.ModuleDict) and any(weight.requires_grad for weight in module.parameters()):
            module.float()
    for weight in adapted.parameters():
        if weight.requires_grad and weight.dim() > 1:
            with torch.no_grad():
                weight.add_(torch.randn_like(weight) * weight.std() * NOISE)
    return adapted
