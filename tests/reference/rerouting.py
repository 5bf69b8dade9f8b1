"""The losses as their equations state them, in loops over `output_hidden_states`: what ours are tested against."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def hidden_states(model: torch.nn.Module, ids: Tensor, mask: Tensor) -> list[Tensor]:
    return list(model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states)


@contextmanager
def ending_after(model: torch.nn.Module, count: int) -> Iterator[None]:
    """The model with its first blocks alone, as the authors load theirs: its norm and head follow the last of them."""
    trunk = model.get_base_model().get_decoder()
    name = "layers" if hasattr(trunk, "layers") else "h"
    whole = getattr(trunk, name)
    setattr(trunk, name, whole[:count])
    trunk.config.num_hidden_layers = count
    try:
        yield
    finally:
        setattr(trunk, name, whole)
        trunk.config.num_hidden_layers = len(whole)


def scheduled(reroute: Tensor, retain: Tensor, progress: float, alpha: float) -> Tensor:
    """The authors' schedule over a whole run: alpha (1 - t/2T) of the one and alpha t/2T of the other."""
    return alpha * (1 - progress / 2) * reroute + alpha * progress / 2 * retain


def reroute_loss(
    adapted: list[Tensor], frozen: list[Tensor], mask: Tensor, targets: list[int], margin: float
) -> Tensor:
    """sum over l, b, t of m[b,t] relu(cos(h[l,b,t], h0[l,b,t]) - margin) / sum over l, b, t of m[b,t]"""
    total, count = torch.zeros(()), 0
    for state in targets:
        for row, position in mask.nonzero().tolist():
            h, h0 = adapted[state][row, position], frozen[state][row, position]
            total = total + torch.relu(h @ h0 / (h.norm() * h0.norm()) - margin)
            count += 1
    return total / count


def retain_reference(adapted: list[Tensor], frozen: list[Tensor], mask: Tensor) -> Tensor:
    """mean over l = 0..last, b, t (padding included) of || m h - m h0 ||"""
    distances = [
        (h * mask[..., None] - h0 * mask[..., None]).norm(dim=-1) for h, h0 in zip(adapted, frozen, strict=True)
    ]
    return torch.stack(distances).mean()


def retain_relative(adapted: list[Tensor], frozen: list[Tensor], weights: Tensor, targets: list[int]) -> Tensor:
    """mean over l in targets of sum over b, t of w[b,t] || h - h0 || / || h0 ||, over the sum of w"""
    total = torch.zeros(())
    for state in targets:
        for row, position in weights.nonzero().tolist():
            h, h0 = adapted[state][row, position], frozen[state][row, position]
            total = total + weights[row, position] * (h - h0).norm() / h0.norm()
    return total / weights.sum() / len(targets)
