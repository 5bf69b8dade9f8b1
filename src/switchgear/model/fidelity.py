"""Whether two forms of a model are the same: their logits on a few harmless prompts, and the weights that differ."""

import torch
from jaxtyping import Float
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from switchgear.model.load import device
from switchgear.model.template import apply

PROBES = ("Hello!", "Name three rivers.", "Which of 17 and 71 is larger, and by how much?")


def moved(adapted: PeftModel, dtype: torch.dtype) -> float:
    """Share of the adapted weights that are others after merging and rounding to `dtype`."""
    changed = total = 0
    for module in adapted.modules():
        if isinstance(module, LoraLayer):
            weight = module.get_base_layer().weight
            merged = (weight + module.get_delta_weight("default")).to(dtype)
            changed += int((merged != weight.to(dtype)).sum())
            total += weight.numel()
    return changed / max(total, 1)


@torch.inference_mode()
def logits(model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> list[Float[Tensor, "position vocabulary"]]:
    """On the probes, each alone, as float32."""
    chats = (apply(tokenizer, [{"role": "user", "content": probe}], prompt=True) for probe in PROBES)
    encoded = (tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids for text in chats)
    return [model(input_ids=ids.to(device())).logits[0].float().cpu() for ids in encoded]


def difference(before: list[Tensor], after: list[Tensor]) -> float:
    """The largest of any logit."""
    return max(float((a - b).abs().max()) for a, b in zip(before, after, strict=True))


def agreement(before: list[Tensor], after: list[Tensor]) -> float:
    """Share of positions at which both would choose the same token."""
    return float(torch.cat([a.argmax(-1) == b.argmax(-1) for a, b in zip(before, after, strict=True)]).float().mean())
