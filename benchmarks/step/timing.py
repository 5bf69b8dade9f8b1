"""Steps timed in turns on the same rows in one process, and whether they compute the same."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.step.models import trained
from benchmarks.step.ours import KERNELS
from benchmarks.step.work import Shape, needed, now, rate
from benchmarks.step.workloads import Workload


def timed(step: Any, workload: Workload) -> tuple[float, Tensor]:
    """Seconds of one step, and its loss. Gradients are left in the model."""
    step.model.zero_grad(set_to_none=True)
    began = now()
    loss = step(workload)
    return now() - began, loss


def rounds(
    steps: dict[str, Any], workload: Workload, shape: Shape, count: int, tick: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """`count` rounds of every step in turn, each round beginning with another one. Figures by name."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    fractions: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, float] = {}
    gradients: dict[str, Tensor] = {}
    order = list(steps)
    for number in range(count):
        for name in order[number % len(order) :] + order[: number % len(order)]:
            tick(name)
            speed = _rate(name, steps[name], workload, shape)
            taken, loss = timed(steps[name], workload)
            seconds[name].append(taken)
            fractions[name].append(_needed(name, workload, shape) / taken / speed)
            if name not in gradients:
                losses[name], gradients[name] = float(loss), gradient(steps[name].model)
    base = workload.baseline
    return {
        name: {
            "seconds": statistics.median(seconds[name]),
            "all_seconds": seconds[name],
            "times_faster": _ratios(seconds[base], seconds[name]),
            "fraction_of_matmul_rate": statistics.median(fractions[name]),
            "needed_operations": _needed(name, workload, shape),
            "loss": losses[name],
            "loss_error": abs(losses[name] - losses[base]) / abs(losses[base]),
            "gradient_error": float((gradients[name] - gradients[base]).norm() / gradients[base].norm()),
        }
        for name in steps
    }


def gradient(model: torch.nn.Module) -> Tensor:
    """Of all adapter weights in the order of their names, on the CPU."""
    weights = sorted(trained(model), key=lambda pair: pair[0])
    gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for _, weight in weights]
    return torch.cat([part.flatten().float().cpu() for part in gradients])


def alternately(steps: dict[str, Any], workload: Workload, count: int, tick: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of every step in turn, and how many times as long as the first it takes, in `count` rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, float] = {}
    for _ in range(count):
        for name, step in steps.items():
            tick(name)
            taken, loss = timed(step, workload)
            seconds[name].append(taken)
            losses[name] = float(loss)
    first = next(iter(steps))
    return {
        name: {
            "seconds": statistics.median(seconds[name]),
            "times_as_long": _ratios(seconds[name], seconds[first]),
            "loss_error": abs(losses[name] - losses[first]) / abs(losses[first]),
        }
        for name in steps
    }


def sharing(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How much faster a trie is than packed rows, by kernels."""
    return {
        way: _ratios(found[f"packed/{way}"]["all_seconds"], found[f"trie/{way}"]["all_seconds"])
        for way in KERNELS
        if f"trie/{way}" in found and f"packed/{way}" in found
    }


def _ratios(slow: Sequence[float], fast: Sequence[float]) -> dict[str, float]:
    """Of every round: median, least and most."""
    ratios = [one / other for one, other in zip(slow, fast, strict=True)]
    return {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def _needed(name: str, workload: Workload, shape: Shape) -> float:
    """Padding is never needed, and what is shared is where nothing is."""
    return needed(shape, workload, "trie" if name.startswith("trie") else "packed")


def _rate(name: str, step: Any, workload: Workload, shape: Shape) -> float:
    kernels = KERNELS.get(name.partition("/")[2]) or KERNELS[str(step.model.dtype).removeprefix("torch.")]
    return rate(shape, sum(len(row.ids) for row in workload.rows), kernels, step.model.device)
