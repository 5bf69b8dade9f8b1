"""Two other implementations of a step, each with the waste that it is known for, for Llama-like models.

They compute the losses of the workload's recipe, so that losses and gradients can be compared with ours.
"""

import gc
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from benchmarks.step.workloads import HALF, Workload
from switchgear.model.hidden_states import trunk_of
from switchgear.training.batches import Row
from switchgear.training.schedule import coefficients

WIDTH = 2048
"""Tokens that the predecessor pads every row to."""
PROGRESS = 0.5


@dataclass(frozen=True)
class Padded:
    """Rows as they are fed: ids, mask and weights, (row, position)."""

    ids: Tensor
    mask: Tensor
    reroute: Tensor
    retain: Tensor


class Reference:
    """The step of RR's authors (github.com/GraySwanAI/circuit-breakers), as their code does it.

    Fixed padding, 512 + 512 and 1024; harmful and retained rows one after the other; blocks up to one above the last
    target; language-model head on all four forwards; every hidden state stacked and masked, the last of them after the
    final norm; gradient checkpointing; garbage collected twice.
    """

    def __init__(self, model: PeftModel, targets: list[int], checkpointing: bool = True) -> None:
        self.model, self.targets = model, targets
        trunk: Any = trunk_of(model)
        trunk.layers = trunk.layers[: max(targets) + 1]
        trunk.config.num_hidden_layers = len(trunk.layers)
        _checkpoint(model, checkpointing)

    def __call__(self, workload: Workload) -> Tensor:
        harmful, retained = workload.split()
        one = self._place(harmful, [getattr(row, "request", 0) for row in harmful], HALF, HALF)
        other = self._place(retained, [0] * len(retained), 0, 2 * HALF)
        self.model.eval()
        with torch.no_grad(), self.model.disable_adapter():
            kept_before, moved_before = self._states(other), self._states(one)
        gc.collect()
        self.model.train()
        retain = (self._states(other) - kept_before).norm(dim=-1).mean()
        cosine = cosine_similarity(self._states(one)[self.targets], moved_before[self.targets], dim=-1)
        reroute = (cosine.relu() * one.reroute).sum() / (one.reroute.sum() * len(self.targets))
        gc.collect()
        return _backward(reroute, retain, workload)

    def _place(self, rows: Sequence[Row], splits: list[int], left: int, right: int) -> Padded:
        return place(rows, splits, left, right, self.model.device)

    def _states(self, rows: Padded) -> Tensor:
        return torch.stack(_all_states(self.model, rows)) * rows.mask[..., None]


class Predecessor:
    """The trainer that this project replaces.

    Rows padded to 2048, two models, all blocks, the head on all four forwards, gradient checkpointing.
    """

    def __init__(self, model: PeftModel, frozen: nn.Module, targets: list[int], checkpointing: bool = True) -> None:
        self.model, self.frozen, self.targets = model, frozen, targets
        _checkpoint(model, checkpointing)

    def __call__(self, workload: Workload) -> Tensor:
        self.model.train()
        rerouted, kept = [], []
        parts = [place(rows, [0] * len(rows), 0, WIDTH, self.model.device) for rows in workload.split()]
        for rows in parts:
            with torch.no_grad():
                before = _all_states(self.frozen, rows)
            after = _all_states(self.model, rows)
            for target in self.targets:
                h, h0 = after[target].float(), before[target].float()
                rerouted.append((cosine_similarity(h, h0, dim=-1).relu() * rows.reroute).sum())
                kept.append(((h - h0).norm(dim=-1) / h0.norm(dim=-1) * rows.retain).sum())
        reroute = torch.stack(rerouted).sum() / (len(self.targets) * sum(rows.reroute.sum() for rows in parts))
        retain = torch.stack(kept).sum() / (len(self.targets) * sum(rows.retain.sum() for rows in parts))
        return _backward(reroute, retain, workload)


def place(rows: Sequence[Row], splits: Sequence[int], left: int, right: int, device: torch.device) -> Padded:
    """Token `splits[i]` of row i stands in column `left` of `left + right`."""
    tables = [torch.zeros(len(rows), left + right) for _ in range(4)]
    for index, (row, split) in enumerate(zip(rows, splits, strict=True)):
        if split > left or len(row.ids) - split > right:
            raise ValueError(f"a row of {split} + {len(row.ids) - split} tokens does not fit into {left} + {right}")
        columns = slice(left - split, left - split + len(row.ids))
        for table, values in zip(tables, (row.ids, [1.0] * len(row.ids), row.reroute, row.retain), strict=True):
            table[index, columns] = torch.tensor(values, dtype=torch.float)
    ids, mask, reroute, retain = (table.to(device) for table in tables)
    return Padded(ids.long(), mask, reroute, retain)


def _all_states(model: Any, rows: Padded) -> tuple[Tensor, ...]:
    dtype = next(model.parameters()).dtype
    with torch.autocast(rows.ids.device.type, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
        output = model(input_ids=rows.ids, attention_mask=rows.mask.long(), output_hidden_states=True, use_cache=False)
    states: tuple[Tensor, ...] = output.hidden_states
    return states


def _backward(reroute: Tensor, retain: Tensor, workload: Workload) -> Tensor:
    of_reroute, of_retain = coefficients(PROGRESS, workload.recipe)
    loss = of_reroute * reroute + of_retain * retain
    loss.backward()
    _ = [value.item() for value in (reroute, retain, loss)]  # both print them at every step
    return loss.detach()


def _checkpoint(model: Any, on: bool) -> None:
    if on:
        warnings.filterwarnings("ignore", message="`gradient_checkpointing_enable`")  # its successor is too new
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
