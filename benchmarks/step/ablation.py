"""What each technique is worth: our step without one of them at a time, on the same rows, with the same losses."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from benchmarks.step.naive import PROGRESS
from benchmarks.step.ours import LAYOUTS, Kernels
from benchmarks.step.workloads import Workload
from switchgear.model import chunked_attention
from switchgear.model.hidden_states import trunk_of
from switchgear.model.layout import trie
from switchgear.recipe import TrainRecipe
from switchgear.training.objectives import RETAIN
from switchgear.training.objectives.rr import rr
from switchgear.training.reading import LayOut, Reader
from switchgear.training.schedule import coefficients

RECIPE = TrainRecipe()
"""Its losses look at the targets alone, so that what is above them can be left out, or not."""


@contextmanager
def head(model: Any) -> Iterator[None]:
    """The language-model head on every token, its logits unused."""
    output = model.get_base_model().get_output_embeddings()

    def say(_: Any, __: Any, states: Any) -> None:
        output(states.last_hidden_state.to(output.weight.dtype))

    handle = trunk_of(model).register_forward_hook(say)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def flash(_: Any) -> Iterator[None]:
    """PyTorch's attention for nodes of any length."""
    before = chunked_attention.LEAST
    chunked_attention.LEAST = sys.maxsize
    try:
        yield
    finally:
        chunked_attention.LEAST = before


@dataclass(frozen=True)
class Variant:
    """A step with all techniques but those that are turned off here.

    Without `stops`, the states of all blocks are stacked, so that the backward pass goes through all of them too.
    """

    lay_out: LayOut = trie
    stops: bool = True
    grouped: bool = True
    around: Callable[[Any], AbstractContextManager[Any]] = nullcontext


VARIANTS = {
    "all techniques": Variant(),
    "nothing shared (packed)": Variant(LAYOUTS["packed"]),
    "padded to the longest": Variant(LAYOUTS["padded"]),
    "all blocks, not up to the last target": Variant(stops=False),
    "with the head (not the trunk alone)": Variant(around=head),
    "harmful and retained rows apart": Variant(grouped=False),
    "with PyTorch's attention (not in chunks)": Variant(around=flash),
}


class Ablated:
    """The step of a variant. Its loss and gradients are those of every other."""

    def __init__(self, model: Any, targets: list[int], kernels: Kernels, variant: Variant) -> None:
        self.model, self.kernels, self.variant = model, kernels, variant
        self.read = Reader(RECIPE, model, targets, variant.lay_out, kernels.read_both)
        if not variant.stops:
            self.read.states = [*targets, self.read.depth]

    def __call__(self, workload: Workload) -> Tensor:
        groups = [workload.rows] if self.variant.grouped else [part for part in workload.split() if part]
        reroute, retain = coefficients(PROGRESS, RECIPE)
        with self.kernels.around(), self.variant.around(self.model):
            batches = [self.read(self.model, rows) for rows in groups]
            kept = sum(float(batch.retain.sum()) for batch in batches)
            loss = sum(
                retain * RETAIN[RECIPE.retain](batch) * float(batch.retain.sum()) / kept
                for batch in batches
                if batch.retain.any()
            )
            loss = loss + reroute * rr(batches[0], RECIPE)  # harmful rows come first
            loss.backward()
        return loss.detach()


def ablated(workload: Workload) -> Workload:
    return replace(workload, recipe=RECIPE, baseline=next(iter(VARIANTS)))
