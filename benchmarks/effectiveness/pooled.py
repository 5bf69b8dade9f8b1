"""What the seeds of a cell say together, with intervals over the cases.

Seeds are tried on the same cases, so they are no new cases: the mean of a case over seeds counts. The interval of a
difference resamples groups of cases; that of a rate is, at each end, the wider of this one and of Wilson's over cases.
What seeds differ by is shown beside it, seed by seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.effectiveness.cells import cells
from switchgear.evaluation.clusters import clustered_mean
from switchgear.intervals import wilson
from switchgear.runs import read_json

Result = Mapping[str, Any]
ATTACKED, BENIGN = ("hijacked",), ("resisted", "clean")


@dataclass(frozen=True)
class Figure:
    """An estimate, its 95% interval over `n` cases, and the estimate of each seed."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    seeds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Pooled:
    """All finished seeds of one cell, beside the frozen model."""

    name: str
    frozen: Result
    results: Sequence[Result]

    @property
    def trained(self) -> list[Result]:
        return [result for result in self.results if "adapted" in result]

    @property
    def _answered(self) -> list[Result]:
        """What the adapted models did, seed by seed; without results, what the frozen one did."""
        return [result["adapted"] for result in self.trained] if self.results else [self.frozen]

    def rate(self, column: str, kinds: Sequence[str]) -> Figure:
        """A share of the cases of some kinds, as the adapted model does; of the frozen one if there is no result."""
        return self._rate([self._told(each.get(column, ()), kinds) for each in self._answered])

    def kept(self, mode: str, kinds: Sequence[str]) -> Figure:
        """Calls in the native format, where the frozen model writes such a call without the attacker's value."""
        format_kept, obeyed = (
            self._told(self.frozen.get(f"{mode}/{name}", ()), kinds) for name in ("native_format", "harmful_arguments")
        )
        due = {case for case, kept in format_kept.items() if kept and not obeyed.get(case)}
        told = [self._told(each.get(f"{mode}/native_format", ()), kinds) for each in self._answered]
        return self._rate([{case: kept for case, kept in each.items() if case in due} for each in told])

    def _rate(self, told: Sequence[Mapping[int, float]]) -> Figure:
        """`told`: of each seed, 1 or 0 by case."""
        shared = sorted(set.intersection(*map(set, told))) if told else []
        if not shared:
            return Figure(None, None, None, 0)
        means = [fmean(each[case] for each in told) for case in shared]
        groups = [self.frozen["cases"][case]["group"] for case in shared]
        found = [wilson(round(sum(means)), len(means))]
        found += [clustered_mean(means, groups)] if len(set(groups)) < len(groups) else []
        lows = [one.low for one in found if one.low is not None]
        highs = [one.high for one in found if one.high is not None]
        return Figure(fmean(means), min(lows), max(highs), len(shared), tuple(fmean(each.values()) for each in told))

    def change(self, column: str, kinds: Sequence[str]) -> Figure:
        """Adapted less frozen, on the cases that both tell."""
        before = self._told(self.frozen.get(column, ()), kinds)
        rises = [
            {
                case: value - before[case]
                for case, value in self._told(result["adapted"].get(column, ()), kinds).items()
                if case in before
            }
            for result in self.trained
        ]
        shared = sorted(set.intersection(*(set(rise) for rise in rises))) if rises else []
        means = [fmean(rise[case] for rise in rises) for case in shared]
        found = clustered_mean(means, [self.frozen["cases"][case]["group"] for case in shared])
        seeds = tuple(fmean(rise.values()) for rise in rises if rise)
        return Figure(found.difference, found.low, found.high, len(shared), seeds)

    def training(self, name: str) -> Figure:
        """A figure that training reports. Without an interval."""
        seeds = tuple(result["training"][name] for result in self.trained if name in result["training"])
        return Figure(fmean(seeds) if seeds else None, None, None, len(seeds), seeds)

    def _told(self, values: Sequence[float | None], kinds: Sequence[str]) -> dict[int, float]:
        cases = self.frozen["cases"]
        return {i: value for i, value in enumerate(values) if value is not None and cases[i]["kind"] in kinds}


def read(results: Path, table: str) -> list[Pooled]:
    """The cells of a table that have a result, in the order of the table."""
    frozen = read_json(results / "frozen.json")
    found = {
        cell.name: [read_json(path) for path in sorted((results / table).glob(f"{cell.name}-seed*.json"))]
        for cell in cells(table)
    }
    return [Pooled(name, frozen, seeds) for name, seeds in found.items() if seeds]
