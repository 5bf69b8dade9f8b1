"""Results as tables that can be pasted into Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.box import MARKDOWN
from rich.table import Table

from benchmarks.step.memory import WITH, WITHOUT


def steps(workloads: Mapping[str, Any]) -> list[Table]:
    return [*(_steps(found) for found in workloads.values()), _sharing(workloads)]


def _steps(found: Mapping[str, Any]) -> Table:
    """Of one workload."""
    peak = found["peak_operations"]
    columns = ["seconds", "times faster (least - most)", "matmul rate", "loss error", "gradient error"]
    table = _table(found["name"], "step", *columns, *(["MFU"] if peak else []))
    for name, figures in found["steps"].items():
        mfu = [f"{figures['needed_operations'] / figures['seconds'] / peak:.0%}"] if peak else []
        table.add_row(
            name,
            f"{figures['seconds']:.2f}",
            _ratio(figures["times_faster"]),
            f"{figures['fraction_of_matmul_rate']:.2f}",
            f"{figures['loss_error']:.1e}",
            f"{figures['gradient_error']:.1e}",
            *mfu,
        )
    return table


def _sharing(workloads: Mapping[str, Any]) -> Table:
    table = _table("trie over packed rows", "rows", "tokens", "distinct", "kernels", "times faster (least - most)")
    for name, found in workloads.items():
        for way, ratio in found["sharing"].items():
            table.add_row(name, f"{found['tokens']:,}", f"{found['distinct_tokens']:,}", way, _ratio(ratio))
    return table


def memory(found: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> list[Table]:
    columns = [column for way in (WITH, WITHOUT) for column in (f"MiB {way}", "to the baseline's")]
    table = _table("memory of one step", "rows", "step", *columns)
    for workload, peaks in found.items():
        base = next(iter(peaks.values()))
        for name, ways in peaks.items():
            cells = [cell for way in (WITH, WITHOUT) for cell in _peak(ways, base, way)]
            table.add_row(workload, name, *cells)
    return [table]


def _peak(ways: Mapping[str, float | None], base: Mapping[str, float | None], way: str) -> tuple[str, str]:
    """MiB, and as a share of the baseline's in the same way: both recompute activations, or neither."""
    if way not in ways:
        return "not tried", ""
    peak, other = ways[way], base.get(way)
    return f"{peak:,.0f}" if peak else "killed", f"{peak / other:.3f}" if peak and other else ""


def scaling(steps: Mapping[str, Any]) -> list[Table]:
    return [_scaling(name, found) for name, found in steps.items()]


def _scaling(name: str, found: Mapping[str, Any]) -> Table:
    table = _table(f"time over real tokens: {name}", "rows", "tokens each", "tokens", "seconds")
    for point in found["points"]:
        table.add_row(*(str(point[key]) for key in ("rows", "length", "tokens")), f"{point['seconds']:.3f}")
    table.caption = (
        f"{found['seconds_per_1000_tokens']:.2f} s for 1000 tokens, {found['seconds_at_none']:.2f} s besides; "
        f"R^2 = {found['r_squared']:.4f}"
    )
    return table


def ablation(found: Mapping[str, Any]) -> list[Table]:
    table = _table("without one technique", "rows", "step", "seconds", "times as long (least - most)", "loss error")
    for workload, steps in found.items():
        for name, figures in steps.items():
            ratio, error = _ratio(figures["times_as_long"], 2), f"{figures['loss_error']:.1e}"
            table.add_row(workload, name, f"{figures['seconds']:.2f}", ratio, error)
    return [table]


TABLES: dict[str, Callable[[Mapping[str, Any]], list[Table]]] = {
    "steps": steps,
    "ablation": ablation,
    "memory": memory,
    "scaling": scaling,
}


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=MARKDOWN)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def _ratio(found: Mapping[str, float], digits: int = 1) -> str:
    return "{:.{d}f} ({:.{d}f} - {:.{d}f})".format(found["median"], found["least"], found["most"], d=digits)
