"""The parts of the benchmark, piece by piece, with an estimate of their time up front."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from benchmarks.step.ablation import VARIANTS, Ablated, ablated
from benchmarks.step.memory import WITH, WITHOUT, peak
from benchmarks.step.models import Setting, targets
from benchmarks.step.ours import KERNELS
from benchmarks.step.scaling import scaling
from benchmarks.step.steps import Steps, names
from benchmarks.step.timing import alternately, rounds, sharing, timed
from benchmarks.step.work import needed, operations, shape
from benchmarks.step.workloads import Workload, lengths

Pieces = Iterator[tuple[str, Any]]
"""Names and figures, as they come."""


class Bench:
    """`kernels`: those of our steps; the baselines have the first. Training's own come last."""

    def __init__(self, setting: Setting, kernels: Sequence[str], peak_tflops: float | None, console: Console) -> None:
        self.setting, self.kernels, self.console = setting, list(kernels), console
        self.peak_operations = peak_tflops and 1e12 * peak_tflops
        self.dtype = KERNELS[self.kernels[0]].dtype
        self.make = Steps(setting, self.dtype)
        model = self.make.model(self.dtype)
        self.shape = shape(model, targets(setting, model))

    def steps(self, workloads: Sequence[Workload], repeats: int, minutes: float) -> Pieces:
        """One round of every workload, and more of those that fit into the minutes."""
        seconds = {workload.name: self._estimate(workload) for workload in workloads}
        counts = plan(seconds, repeats, 60 * minutes)
        total = sum(count * seconds[name] for name, count in counts.items()) / 60
        self.console.print(f"Rounds: {', '.join(f'{n} of {name}' for name, n in counts.items())}, {total:.0f} min")
        for workload in workloads:
            yield workload.name, self._timed(workload, counts[workload.name])

    def ablation(self, workloads: Sequence[Workload], repeats: int) -> Pieces:
        """Our step with the first kernels, without one technique at a time."""
        kernels = KERNELS[self.kernels[0]]
        model = self.make.model(kernels.dtype)
        with self.console.status("") as status:
            for workload in map(ablated, workloads):
                where = targets(self.setting, model)
                steps = {name: Ablated(model, where, kernels, variant) for name, variant in VARIANTS.items()}
                timed(steps[workload.baseline], workload.middling())
                yield workload.name, alternately(steps, workload, repeats, status.update)

    def memory(self, workloads: Sequence[Workload]) -> Pieces:
        """MiB by step and way, the baseline first.

        The predecessor is not tried without checkpointing: that would not fit into most machines.
        """
        for workload in workloads:
            ours = [*names(self.kernels[:1]), f"trie/{self.kernels[-1]}"]
            peaks: dict[str, dict[str, float | None]] = {}
            for name in dict.fromkeys([workload.baseline, *ours]):
                ways = {WITH: True} if name == "predecessor" else {WITH: True, WITHOUT: False}
                with self.console.status(f"memory, {workload.name}: {name}"):
                    peaks[name] = {way: peak(name, workload, self.setting, self.dtype, on) for way, on in ways.items()}
            yield workload.name, peaks

    def scaling(self, words: int) -> Pieces:
        name = f"trie/{self.kernels[-1]}"
        with self.console.status(f"scaling: {name}"):
            yield name, scaling(self.make(name), words)

    def _estimate(self, workload: Workload) -> float:
        """Seconds of a round, from how long two rows of it take us, in a step that also warms up."""
        two = workload.middling()
        speed = {way: self._speed(two, way) for way in self.kernels}
        steps = [workload.baseline, *names(self.kernels)]
        seconds = sum(
            operations(name, workload, self.shape) / speed[name.partition("/")[2] or self.kernels[0]] for name in steps
        )
        sizes = lengths(workload.rows)
        self.console.print(
            f"{workload.name}: {len(sizes)} rows of {min(sizes)} to {max(sizes)} tokens ({workload.about}); "
            f"a round of {len(steps)} steps takes about {seconds:.0f} s"
        )
        return seconds

    def _speed(self, workload: Workload, way: str) -> float:
        """Operations per second."""
        seconds = min(timed(self.make(f"packed/{way}"), workload)[0] for _ in range(2))
        return needed(self.shape, workload, "packed") / seconds

    def _timed(self, workload: Workload, count: int) -> dict[str, Any]:
        steps = {name: self.make(name) for name in (workload.baseline, *names(self.kernels))}
        for name in names(self.kernels):
            timed(steps[name], workload.middling())
        with self.console.status("") as status:
            found = rounds(steps, workload, self.shape, count, lambda name: status.update(f"{workload.name}: {name}"))
        ids = [row.ids for row in workload.rows]
        return {
            "name": f"{workload.name}: {workload.about}",
            "lengths": lengths(workload.rows),
            "tokens": sum(lengths(workload.rows)),
            "distinct_tokens": self.make("trie/" + self.kernels[0]).lay_out(ids).ids.numel(),
            "rounds": count,
            "baseline": workload.baseline,
            "peak_operations": self.peak_operations,
            "steps": found,
            "sharing": sharing(found),
        }


def plan(seconds: Mapping[str, float], most: int, limit: float) -> dict[str, int]:
    """Rounds by workload: one each, then one more of whatever has fewest, as long as all fit into `limit` seconds."""
    counts = dict.fromkeys(seconds, 1)
    left = limit - sum(seconds.values())
    while fitting := [name for name in counts if counts[name] < most and seconds[name] <= left]:
        chosen = min(fitting, key=lambda name: counts[name])
        counts[chosen] += 1
        left -= seconds[chosen]
    return counts
