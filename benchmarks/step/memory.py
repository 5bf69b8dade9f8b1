"""How much memory one step takes on top of the loaded model: the high-water mark of a process of its own."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import torch
from torch.utils.checkpoint import checkpoint

from benchmarks.step.models import Setting
from benchmarks.step.steps import Steps
from benchmarks.step.workloads import Workload

WITH, WITHOUT = "with checkpointing", "without"
MIB = 2**20


def peak(
    name: str, workload: Workload, setting: Setting, dtype: torch.dtype, checkpointing: bool | None = None
) -> float | None:
    """MiB of a first step, gradients of the adapter included. None if its process was killed, for want of memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            return pool.submit(_peak, name, workload, setting, dtype, checkpointing).result()
        except BrokenProcessPool:
            return None


def _peak(name: str, workload: Workload, setting: Setting, dtype: torch.dtype, checkpointing: bool | None) -> float:
    if setting.threads:
        torch.set_num_threads(setting.threads)
    step = Steps(setting, dtype)(name, checkpointing)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step(workload)
        return (torch.cuda.max_memory_allocated() - before) / MIB
    _settle(step.model)
    Path("/proc/self/clear_refs").write_text("5")  # the mark starts again from here: loading has its own peak
    before = _status("VmRSS")
    step(workload)
    return (_status("VmHWM") - before) / MIB


def _settle(model: torch.nn.Module) -> None:
    """Brings in what a step needs but does not hold: the pages of weights in files, and what checkpointing imports."""
    for weight in model.parameters():
        weight.detach().float().sum()
    checkpoint(torch.square, torch.ones(1, requires_grad=True), use_reentrant=False).backward()


def _status(field: str) -> int:
    """Bytes of this process, as Linux counts them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024
