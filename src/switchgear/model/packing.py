"""Which layout a model's rows are read in: a trie where that is exact, and padded rows everywhere else."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from switchgear.model.hidden_states import hidden_states, trunk_of
from switchgear.model.layout import Ids, Layout, padded, trie

LayOut = Callable[[Sequence[Ids]], Layout]

TOLERANCE = 0.05
"""Of the norm of a state. Rounding in bfloat16 stays well below it, and a wrong mask goes far beyond."""


def layout_for(model: nn.Module, rows: Sequence[Ids], state: int, pad_id: int) -> tuple[LayOut, str]:
    """`trie` if that gives the states of padded rows, seen on the first few, else `padded`; and the reason, if any.

    A window that a row does not fit into would only show on a later row, so it rules the trie out beforehand.
    """
    reason = _window(trunk_of(model), max(map(len, rows))) or _difference(model, rows[:4], state)
    return (lambda chosen: padded(chosen, pad_id), reason) if reason else (trie, "")


def _window(trunk: Any, longest: int) -> str:
    window = getattr(trunk.config, "sliding_window", None)
    if window and longest > window and getattr(trunk.config, "use_sliding_window", True):
        return f"its attention slides over {window} tokens, and the longest row has {longest}"
    return ""


@torch.no_grad()
def _difference(model: nn.Module, rows: Sequence[Ids], state: int) -> str:
    try:
        packed, plain = (_states(model, layout, state) for layout in (trie(rows), padded(rows)))
    except (TypeError, RuntimeError, KeyError) as error:
        return f"its attention cannot be replaced ({type(error).__name__})"
    share = moved(packed, plain)
    return "" if share < TOLERANCE else f"its states come out differently there (by {share:.0%} of their norm)"


def moved(one: Float[Tensor, "*token width"], other: Float[Tensor, "*token width"]) -> float:
    """The mean distance of states, as a share of their norm."""
    return float(((one - other).norm(dim=-1) / other.norm(dim=-1)).mean())


def _states(model: nn.Module, layout: Layout, state: int) -> Tensor:
    device = next(model.parameters()).device
    tokens = torch.tensor([place for row in layout.places for place in row], device=device)
    return hidden_states(model, layout.to(device), [state], tokens)[0]
