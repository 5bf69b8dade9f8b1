"""How figures look in a terminal: tables without a frame, rates in percent with their intervals."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table


def table(*columns: str) -> Table:
    """One line under the heads, nothing around."""
    return Table(*columns, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def percent(found: Mapping[str, Any], name: str = "rate") -> str:
    """The share called `name`, in percent, with its interval `low` to `high` if it has one; "-" where there is none."""
    if found[name] is None:
        return "-"
    interval = "" if found["low"] is None else f" ({100 * found['low']:.0f}, {100 * found['high']:.0f})"
    return f"{100 * found[name]:.0f}{interval}"
