"""What this machine has for a model: a device, its free memory, and how fast it multiplies."""

import time
from typing import NamedTuple

import psutil
import torch

from switchgear.model.load import device

SIDE = 1024
"""Of the square matrices that are multiplied to see how fast a type is."""


class Speed(NamedTuple):
    """Products of square matrices, in 10^9 operations a second."""

    bfloat16: float
    float32: float


def device_name() -> str:
    place = device()
    if place.type == "cuda":
        return f"{torch.cuda.get_device_name(place)} ({torch.cuda.device_count()} here)"
    return f"{place.type}, {torch.get_num_threads()} threads" if place.type == "cpu" else place.type


def free_memory() -> int | None:
    """Bytes that a model can still take on the device; None where the device does not tell."""
    place = device()
    if place.type == "cpu":
        return int(psutil.virtual_memory().available)
    return torch.cuda.mem_get_info(place)[0] if place.type == "cuda" else None


def speed() -> Speed:
    """Takes a fraction of a second, on the device that models are put on."""
    return Speed(*(_speed(dtype) for dtype in (torch.bfloat16, torch.float32)))


def _speed(dtype: torch.dtype) -> float:
    matrix = torch.ones(SIDE, SIDE, dtype=dtype, device=device())
    times = [_seconds(matrix) for _ in range(4)]
    return 2 * SIDE**3 / min(times[1:]) / 1e9  # the first one prepares


def _seconds(matrix: torch.Tensor) -> float:
    began = time.perf_counter()
    (matrix @ matrix)[0, 0].item()  # waits until it is there
    return time.perf_counter() - began
