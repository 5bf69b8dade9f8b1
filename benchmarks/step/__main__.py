"""How long one step of training takes, beside the step of RR's authors and that of this project's predecessor.

All steps are taken in turns, on the same rows, in one process. Measured are

- steps: seconds, how many times faster than the baseline, the part of this machine's own matmul rate that is reached on
  the fewest operations a step can need, and how far loss and gradients of the adapter are from the baseline's;
- ablation: our step without one technique at a time;
- memory: the peak of one step on top of the loaded model, each in a process of its own;
- scaling: time over real tokens, for rows of several lengths and numbers.

The reference is timed on chat, the predecessor on agent traces (workloads agentdojo and synthetic_agents). Ours are
named LAYOUT/KERNELS: `padded`, `packed` (no padding, nothing shared) or `trie` (every shared prefix once), with
`float32` (torch's default products, which the baselines have too), `onednn` (strict float32), `bfloat16` (training's
default, both models in lockstep) or `bfloat16-apart`. How long the steps will take is said up front. What is found is
written piece by piece; the same command goes on where it was stopped.

examples:
  python -m benchmarks.step --threads 2 --out results.json
  python -m benchmarks.step --chat xstest:data/xstest/model_completions/gpt4.csv --rows 8+8 --workloads chat
  python -m benchmarks.step --rows 1+1 --parts steps --kernels float32 --minutes 1
  python -m benchmarks.step --config llama-8b --targets 10 20 --rows 16+16 --tokens 4096 --peak-tflops 989   # one GPU
"""

import argparse
import json
import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.step import tables
from benchmarks.step.measure import Bench, Pieces
from benchmarks.step.models import CONFIGS, INITIAL_B, Setting
from benchmarks.step.ours import KERNELS
from benchmarks.step.workloads import WORKLOADS, Wanted, Workload
from switchgear.model.load import load_tokenizer
from switchgear.recipe import ModelRecipe
from switchgear.runs import replacing

PARTS = ("steps", "ablation", "memory", "scaling")
Results = dict[str, dict[str, Any]]
"""Figures by part and piece."""


def measure(given: argparse.Namespace, console: Console, known: Results) -> Iterator[tuple[str, str, Any]]:
    """Part, piece and figures, as they come, of what is not known yet."""
    setting = Setting(given.model, given.config, tuple(given.targets), given.threads, given.initial_b)
    tokenizer = load_tokenizer(ModelRecipe(name=given.model))
    wanted = Wanted(*given.rows, given.tokens, given.chat, given.seed)
    workloads = [WORKLOADS[name](wanted, tokenizer) for name in given.workloads]
    once = {workload.baseline: workload for workload in reversed(workloads)}.values()  # the first for each baseline
    bench = Bench(setting, given.kernels, given.peak_tflops, console)

    def missing(part: str, chosen: Iterable[Workload]) -> list[Workload]:
        return [workload for workload in chosen if workload.name not in known.get(part, {})]

    parts: dict[str, Callable[[], Pieces]] = {
        "steps": lambda: bench.steps(missing("steps", workloads), given.repeats, given.minutes),
        "ablation": lambda: bench.ablation(missing("ablation", once), min(given.repeats, 3)),
        "memory": lambda: bench.memory([one.middling(*given.memory_rows) for one in missing("memory", once)]),
        "scaling": lambda: iter(()) if "scaling" in known else bench.scaling(len(tokenizer)),
    }
    return ((part, name, found) for part in PARTS if part in given.parts for name, found in parts[part]())


def _known(path: Path, about: dict[str, Any], console: Console) -> Results:
    """What an earlier run of the same command has left."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    if kept.pop("about") != json.loads(json.dumps(about)):
        raise SystemExit(f"{path} is of other settings: give another --out, or remove it.")
    pieces = [f"{part} of {name}" for part, found in kept.items() for name in found]
    console.print(f"Going on from {path}, which has {', '.join(pieces)}")
    return dict(kept)


def _about(given: argparse.Namespace) -> dict[str, Any]:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "device": gpu or f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        **{key: value for key, value in vars(given).items() if key not in ("out", "threads")},
        "model": Path(given.model).name,
        "chat": given.chat and Path(given.chat).name,
    }


def _rows(text: str) -> tuple[int, int]:
    harmful, _, retained = text.partition("+")
    if not (harmful.isdigit() and retained.isdigit() and int(harmful) and int(retained)):
        raise argparse.ArgumentTypeError(f"{text!r} is not HARMFUL+RETAINED, two whole numbers above 0 such as 3+3")
    return int(harmful), int(retained)


def _layer(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m benchmarks.step", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("--model", default="smollm2-135m-instruct", help="folder, hub id or embedded model")
    add("--config", choices=CONFIGS, help="random weights in this shape; --model then gives the tokenizer alone")
    add("--targets", nargs="+", type=_layer, default=Setting.targets, help="as in train.target_layers")
    add("--chat", metavar="SOURCE:FILE", help="chat rows of a source; without it they are made of suite texts")
    add("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    add("--rows", type=_rows, default=(2, 2), help="HARMFUL+RETAINED in one step")
    add(
        "--memory-rows",
        type=_rows,
        default=(1, 1),
        help="of them, those of middling length, for the memory of one step",
    )
    add("--tokens", type=int, default=2048, help="longer agent traces are cut to this")
    add("--kernels", nargs="+", choices=KERNELS, help="default: all on a CPU, bfloat16 on a GPU; baselines: the first")
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--repeats", type=int, default=5, help="rounds of every step, at most")
    add("--minutes", type=float, default=5, help="for all rounds; at least one of each workload")
    add("--threads", type=int)
    add("--initial-b", type=float, default=INITIAL_B, help="spread of the adapter's B; training starts at 0.001")
    add("--seed", type=int, default=0)
    add("--peak-tflops", type=float, help="of the device, for model FLOPs utilisation (MFU)")
    add("--out", type=Path, default=Path("step-benchmark.json"))
    return made


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    if not given.kernels:
        given.kernels = ["bfloat16"] if torch.accelerator.is_available() else list(KERNELS)
    console = Console(width=140)
    if given.threads:
        torch.set_num_threads(given.threads)
    about = _about(given)
    results = _known(given.out, about, console)
    for part, name, found in measure(given, console, results):
        results.setdefault(part, {})[name] = found
        console.print(*tables.TABLES[part]({name: found}))
        with replacing(given.out) as file:
            json.dump({"about": about} | results, file, indent=2)
    console.rule("all")
    for part in results:
        console.print(*tables.TABLES[part](results[part]))


if __name__ == "__main__":
    main()
