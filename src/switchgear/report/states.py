"""How far every hidden state has turned, from the lines of metrics.jsonl that validation wrote."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from switchgear.report.charts.heat import heat_map
from switchgear.report.text import is_number

KINDS = {
    "harmful": ("Harmful continuations", "Colour should grow from the trained blocks up to the rerouted states."),
    "benign": ("Benign conversations", "Little colour should be seen: these states are to stay in place."),
}
MOST_STEPS = 60
"""Columns of a map; of a longer run, evenly spaced ones, the last among them."""


def state_maps(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`title`, `note` and `chart` of each kind, and as a table `steps` and `rows` (state, what it is, its cosines).

    Empty for a run that did not log them.
    """
    maps = []
    for kind, (title, note) in KINDS.items():
        name = f"cosine_{kind}_by_state"
        lines = _spaced([line for line in metrics if is_number(line.get("step")) and isinstance(line.get(name), list)])
        columns = {line["step"]: dict(enumerate(line[name])) for line in lines}
        if not any(columns.values()):
            continue
        targets = _numbers(lines[-1].get("target_states"))
        trained = [block + 1 for block in _numbers(lines[-1].get("trained_blocks"))]
        chart = heat_map(title, columns, targets, trained)
        maps.append({"title": title, "note": note, "chart": chart, **_table(columns, targets, trained)})
    return maps


def _spaced(lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return lines[:: -max(1, math.ceil(len(lines) / MOST_STEPS))][::-1]


def _table(
    columns: Mapping[float, Mapping[int, Any]], targets: Sequence[int], trained: Sequence[int]
) -> dict[str, Any]:
    """The uppermost state first, as on the map."""
    states = sorted({state for cosines in columns.values() for state in cosines}, reverse=True)
    marks = {"target": targets, "trained": trained}
    rows = [
        {
            "state": state,
            "marks": [mark for mark, marked in marks.items() if state in marked],
            "cosines": [cosines.get(state) for cosines in columns.values()],
        }
        for state in states
    ]
    return {"steps": list(columns), "rows": rows}


def _numbers(value: object) -> list[int]:
    return [each for each in value if isinstance(each, int)] if isinstance(value, list) else []
