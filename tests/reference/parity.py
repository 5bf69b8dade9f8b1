"""Ours, read as a trie, against the naive step over padded rows: losses, and gradients of every adapter matrix.

`python -m tests.reference.parity` measures every architecture and writes docs/parity.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from switchgear.model.layout import Layout, padded, trie
from switchgear.model.load import add_adapter
from switchgear.recipe import LoraRecipe, TrainRecipe
from switchgear.training.batches import Reminded, Row
from switchgear.training.objectives import objective
from switchgear.training.reading import Reader, states_read
from switchgear.training.schedule import coefficients
from tests.conftest import TINY, build_tiny
from tests.reference import rerouting
from tests.reference.objectives import Reference

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
TOLERANCE = 1e-5
DEPTH = 4
STEPS = torch.arange(12)
LENGTHS = torch.tensor([[12], [10], [7], [9]])
REAL = STEPS < LENGTHS
HARMFUL = torch.tensor([[True], [True], [False], [False]])
REMINDER = [298, 299]
AUTHORS = TrainRecipe(retain="reference", mask="everything")
LayOut = Callable[[Sequence[list[int]]], Layout]


@dataclass(frozen=True)
class Errors:
    """Relative. `gradient` is the largest over the matrices of the adapter, each by its norm."""

    reroute: float
    retain: float
    gradient: float

    def worst(self) -> float:
        return max(self.reroute, self.retain, self.gradient)


def token_ids() -> Tensor:
    """Two harmful rows and two retained ones; row 2 begins as row 0 does."""
    ids = torch.randint(3, 290, (4, 12), generator=torch.Generator().manual_seed(1))
    ids[2, :5] = ids[0, :5]
    return ids


def weights_of(recipe: TrainRecipe) -> tuple[Tensor, Tensor]:
    """What tokens weigh in the reroute and in the retain loss: as the authors have it, or unevenly and overlapping."""
    reroute = REAL & HARMFUL if recipe.mask == "everything" else REAL & HARMFUL & (STEPS > 5)
    if recipe.retain == "reference":
        return reroute.float(), (REAL & ~HARMFUL).float()
    return reroute.float(), REAL * torch.where(HARMFUL, STEPS < 6, torch.linspace(0.5, 1, 12))


def rows_of(ids: Tensor, recipe: TrainRecipe, answers: Tensor | None = None) -> list[Row]:
    reroute, retain = weights_of(recipe)
    return [
        Row(
            ids[row, :size].tolist(),
            reroute[row, :size].tolist(),
            retain[row, :size].tolist(),
            answers=[] if answers is None else answers[row, :size].tolist(),
            reminded=Reminded([*REMINDER, *ids[row, :size].tolist()], len(REMINDER)) if HARMFUL[row] else None,
        )
        for row, size in enumerate(LENGTHS[:, 0].tolist())
    ]


def targets_of(recipe: TrainRecipe) -> list[int]:
    """The authors' model ends one block above the last target: here, that leaves one block out."""
    return [1, 2] if recipe.retain == "reference" else [2, 3]


def adapted_model(base: PreTrainedModel, recipe: TrainRecipe) -> PeftModel:
    """B is far from 0, where gradients are rounding noise."""
    torch.manual_seed(0)
    return add_adapter(base, LoraRecipe(initial_b=0.05), max(states_read(recipe, targets_of(recipe), DEPTH)))


def gradients(model: PeftModel, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: part.grad.clone() for name, part in model.named_parameters() if part.grad is not None}


def reference_of(model: PeftModel, ids: Tensor, recipe: TrainRecipe) -> Reference:
    """Its states come from `output_hidden_states` of a model that ends with the last of them, if the authors' does."""
    reminded = torch.cat([torch.tensor(REMINDER).expand(4, 2), ids], dim=1)
    real = torch.cat([torch.ones(4, 2, dtype=torch.bool), REAL], dim=1)
    blocks = max(targets_of(recipe)) + 1 if recipe.retain == "reference" else DEPTH
    with rerouting.ending_after(model, blocks):
        with torch.no_grad(), model.disable_adapter():
            frozen = rerouting.hidden_states(model, ids, REAL)
            targets = rerouting.hidden_states(model, reminded, real)
        adapted = rerouting.hidden_states(model, ids, REAL)
    made = Reference(adapted, frozen, *weights_of(recipe), targets_of(recipe), recipe)
    made.reminded = [state[:, len(REMINDER) :] for state in targets]
    return made


def retained(reference: Reference) -> Tensor:
    if reference.recipe.objective == "triplet":
        return reference.triplet_retain()
    if reference.recipe.retain != "reference":
        return getattr(reference, reference.recipe.retain)()
    benign = slice(2, None), slice(0, 9)  # a batch of its own, padded to its longest row
    states = [[state[benign] for state in states] for states in (reference.adapted, reference.frozen)]
    return rerouting.retain_reference(*states, reference.retain[benign])


def compare(base: PreTrainedModel, recipe: TrainRecipe, layout: LayOut = trie, progress: float = 0.5) -> Errors:
    """How far ours is from the naive step, `progress` of the way through a run."""
    model, ids = adapted_model(base, recipe), token_ids()
    batch = Reader(recipe, model, targets_of(recipe), layout)(model, rows_of(ids, recipe))
    losses = objective(recipe.objective)(batch, recipe)
    of_reroute, of_retain = coefficients(progress, recipe)
    ours = gradients(model, of_reroute * losses.reroute + of_retain * losses.retain)
    reference = reference_of(model, ids, recipe)
    reroute, retain = getattr(reference, recipe.objective)(), retained(reference)
    theirs = gradients(model, rerouting.scheduled(reroute, retain, progress, recipe.alpha))
    return Errors(
        _relative(losses.reroute.detach(), reroute.detach()),
        _relative(losses.retain.detach(), retain.detach()),
        max(_relative(ours[name], theirs[name]) for name in ours.keys() | theirs.keys()),
    )


def _relative(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


INTRODUCTION = """# Parity with the reference

Ours against a naive restatement of the step of RR's authors, written from the equations over `output_hidden_states`
(padded rows, every state kept, loops over rows and tokens; `tests/reference/`). Errors are relative, in float32; that
of the gradient is the largest over all matrices of the adapter, each by its norm. B has a standard deviation of 0.05:
at B = 0 the gradient is rounding noise. *authors* is `retain: reference, mask: everything`: hidden states 0 to one
above the last target, the last of them after the final norm of a model that ends there; one global mean over rerouted
tokens; padding in the retain mean; the dual schedule. *default* is the recipe's defaults.

`python -m tests.reference.parity` measures it again; tests hold every figure below 1e-5.

| architecture | losses | rows | reroute | retain | gradient |
|---|---|---|--:|--:|--:|
"""


def table() -> str:
    lines = []
    for architecture in TINY:
        for losses, recipe in (("authors", AUTHORS), ("default", TrainRecipe())):
            for rows, layout in (("trie", trie), ("padded", padded)):
                found = compare(build_tiny(architecture), recipe, layout)
                figures = " | ".join(f"{value:.0e}" for value in (found.reroute, found.retain, found.gradient))
                lines.append(f"| {architecture} | {losses} | {rows} | {figures} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    page = INTRODUCTION + table()
    PAGE.write_text(page, encoding="utf-8")
    print(page)
