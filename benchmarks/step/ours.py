"""Our step, as `BreakerTrainer` takes it: laid out in three ways, with three kinds of products."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from benchmarks.step.naive import PROGRESS
from benchmarks.step.products import OneDnn
from benchmarks.step.workloads import HALF, Workload
from switchgear.model.hidden_states import ReadBoth, both_states
from switchgear.model.layout import Ids, Layout, Node, padded, trie
from switchgear.model.lockstep import both_states_in_lockstep
from switchgear.training.objectives import objective
from switchgear.training.reading import LayOut, Reader
from switchgear.training.schedule import coefficients


def packed(rows: Sequence[Ids]) -> Layout:
    """Rows one after the other, each a tree of its own: no padding, and nothing shared."""
    ends = torch.tensor([len(row) for row in rows]).cumsum(0).tolist()
    spans = [(end - len(row), end) for row, end in zip(rows, ends, strict=True)]
    return Layout(
        ids=torch.tensor([[token for row in rows for token in row]]),
        positions=torch.tensor([[position for row in rows for position in range(len(row))]]),
        places=[list(range(start, end)) for start, end in spans],
        nodes=tuple(Node(start, end, ()) for start, end in spans),
    )


LAYOUTS: dict[str, LayOut] = {"padded": padded, "packed": packed, "trie": trie}


@dataclass(frozen=True)
class Kernels:
    """What the frozen weights are stored in, and what is entered around a step."""

    dtype: torch.dtype
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    read_both: ReadBoth = both_states


KERNELS = {
    "float32": Kernels(torch.float32),
    "onednn": Kernels(torch.float32, OneDnn),
    "bfloat16-apart": Kernels(torch.bfloat16),
    "bfloat16": Kernels(torch.bfloat16, read_both=both_states_in_lockstep),
}
"""`onednn` is for CPUs. `bfloat16` is what training uses: low-precision products, everything else in float32, both
models in lockstep; `bfloat16-apart` reads them one after the other."""


class Ours:
    def __init__(
        self, model: PeftModel, targets: list[int], lay_out: LayOut, kernels: Kernels, checkpointing: bool = False
    ) -> None:
        self.model, self.targets, self.lay_out, self.kernels = model, targets, lay_out, kernels
        self.checkpointing = checkpointing

    def __call__(self, workload: Workload) -> Tensor:
        with self.kernels.around():
            loss = self._loss(workload)  # the states that it was made of are let go, as in training
            loss.backward()
        return loss.detach()

    def _loss(self, workload: Workload) -> Tensor:
        recipe = workload.recipe.model_copy(update={"checkpointing": self.checkpointing})
        read = Reader(recipe, self.model, self.targets, self.lay_out, self.kernels.read_both)
        batch = read(self.model, workload.rows)
        if recipe.retain == "reference":  # its mean counts padding: here that of the authors
            batch = replace(batch, positions=2 * HALF * len(workload.split()[1]))
        losses = objective(recipe.objective)(batch, recipe)
        reroute, retain = coefficients(PROGRESS, recipe)
        return reroute * losses.reroute + retain * losses.retain
