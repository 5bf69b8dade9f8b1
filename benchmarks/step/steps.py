"""Steps by name: `reference`, `predecessor`, and LAYOUT/KERNELS for ours (`trie/bfloat16`)."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from benchmarks.step.models import Setting, adapted, frozen, targets
from benchmarks.step.naive import Predecessor, Reference
from benchmarks.step.ours import KERNELS, LAYOUTS, Ours
from benchmarks.step.workloads import Workload

Step = Callable[[Workload], Tensor]
"""Computes the gradients of one step and returns its loss. Its `model` holds them."""


class Steps:
    """Makes steps. Ours share one model for each dtype; the others have their own, which they change."""

    def __init__(self, setting: Setting, dtype: torch.dtype) -> None:
        self.setting, self.dtype = setting, dtype
        self.model: Callable[[torch.dtype], PeftModel] = cache(lambda dtype: adapted(setting, dtype))

    def __call__(self, name: str, checkpointing: bool | None = None) -> Any:
        """As it is by default: the baselines recompute activations, ours do not."""
        kind, _, way = name.partition("/")
        if way:
            model = self.model(KERNELS[way].dtype)
            return Ours(model, targets(self.setting, model), LAYOUTS[kind], KERNELS[way], bool(checkpointing))
        model = adapted(self.setting, self.dtype)
        where, recomputes = targets(self.setting, model), checkpointing is not False
        if kind == "reference":
            return Reference(model, where, recomputes)
        return Predecessor(model, frozen(self.setting, self.dtype), where, recomputes)


def names(kernels: Sequence[str]) -> list[str]:
    """Of our variants with these kernels: all layouts with the first, packed and trie with the others."""
    variants = [(layout, way) for way in kernels for layout in LAYOUTS if layout != "padded" or way == kernels[0]]
    return [f"{layout}/{way}" for layout, way in variants if layout == "trie" or way != "bfloat16-apart"]
