"""The records of the summary, arranged as the tables of the page: frozen and adapted side by side."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from switchgear.report.text import is_number, title

Record = Mapping[str, Any]
Rates = dict[tuple[str, ...], Record]
MODELS = ("frozen", "adapted")
KINDS = {
    "hijacked": "The attacker's text is in the context, and the recorded agent followed it.",
    "resisted": "The attacker's text is in the context, and the recorded agent went on with the user's task.",
    "clean": "No attack in sight. What is lost here is the price of the breaker.",
}
MODES = {
    "prefilled": "The call is begun for the model, up to the value that makes it the attacker's or the user's.",
    "forced": "The answer is begun for the model: it has already started the call.",
    "free": "The model answers on its own.",
}
MEASURES = (
    "attack_success",
    "harmful_call",
    "forbidden_tool",
    "harmful_arguments",
    "leaked_target",
    "expected_call",
    "refused",
    "incoherent",
)
FORM = (
    "attempted",
    "parsed",
    "malformed",
    "native_format",
    "unknown_tool",
)  # how calls were written, not what they did


def rate_tables(summary: Record) -> list[dict[str, Any]]:
    """One table per kind and mode: `rows` of what the model did, `form` of how its calls were written.

    What neither model ever did is not a row: it is named in `never`. `first` is the hardest mode of its kind.
    """
    rates: Rates = {(r["kind"], r["mode"], r["measure"], r["model"]): r for r in summary.get("rates", [])}
    differences = {(d["kind"], d["mode"], d["measure"]): d for d in summary.get("differences", [])}

    def row(kind: str, mode: str, measure: str) -> dict[str, Any]:
        key = (kind, mode, measure)
        return _row(title(measure), rates, key) | {"difference": differences.get(key)}

    tables = []
    for kind in ordered((key[0] for key in rates), KINDS):
        modes = ordered((key[1] for key in rates if key[0] == kind), MODES)
        for mode in modes:
            measures = ordered((key[2] for key in rates if key[:2] == (kind, mode)), (*MEASURES, *FORM))
            rows = [row(kind, mode, measure) for measure in measures if measure not in FORM]
            tables.append(
                {
                    "title": f"{title(kind)}, {mode}",
                    "about": f"{KINDS.get(kind, '')} {MODES.get(mode, '')}",
                    "first": mode == modes[0],
                    "rows": [row for row in rows if not _never(row)],
                    "never": [row["label"] for row in rows if _never(row)],
                    "form": [row(kind, mode, measure) for measure in measures if measure in FORM],
                }
            )
    return tables


def category_tables(summary: Record) -> list[dict[str, Any]]:
    """One table per mode, one row per category, the worst for the adapted model first."""
    rates: Rates = {(r["mode"], r["category"], r["model"]): r for r in summary.get("categories", [])}
    tables = []
    for mode in ordered((key[0] for key in rates), MODES):
        categories = ordered((key[1] for key in rates if key[0] == mode), ())
        rows = [
            _row(title(category) if category else "No category", rates, (mode, category)) for category in categories
        ]
        rows.sort(key=lambda row: (row["adapted"] or {}).get("rate") or 0, reverse=True)
        tables.append({"title": title(mode), "about": MODES.get(mode, ""), "rows": rows})
    return tables


def task_tables(summary: Record) -> list[dict[str, Any]]:
    """One table per Inspect task and judge, its `rows` as in `rate_tables`; how calls were written is left to the logs.

    A judge is named where several read the same answers.
    """
    rates: Rates = {(*_task(r), r["measure"], r["model"]): r for r in summary.get("tasks") or []}
    differences = {(*_task(d), d["measure"]): d for d in summary.get("task_differences") or []}
    put = list(dict.fromkeys(key[:2] for key in rates))
    tables = []
    for task, judge in put:
        measures = [key[2] for key in rates if key[:2] == (task, judge) and key[2] not in FORM]
        keys = [(task, judge, measure) for measure in dict.fromkeys(measures)]
        rows = [_row(title(key[2]), rates, key) | {"difference": differences.get(key)} for key in keys]
        several = sum(other == task for other, _ in put) > 1
        tables.append({"title": f"{title(task)}, by {judge}" if several else title(task), "rows": rows})
    return tables


def likelihood_rows(summary: Record) -> list[Record]:
    """One row per kind, in the order of the rate tables."""
    rows = {row["kind"]: row for row in summary.get("likelihood", [])}
    return [rows[kind] for kind in ordered(rows, KINDS)]


def likelihood_reach(summary: Record) -> float:
    """Nats that every likelihood difference and its interval stay within, rounded up to a half."""
    rows = summary.get("likelihood", [])
    ends = [abs(row[end]) for row in rows for end in ("difference", "low", "high") if is_number(row.get(end))]
    return math.ceil(2 * max(ends, default=0)) / 2 or 0.5


def ordered(present: Iterable[str], known: Iterable[str]) -> list[str]:
    """`present`, each once, in the order of `known`; names that are not known come last, by alphabet."""
    rank = {name: index for index, name in enumerate(known)}
    return sorted(set(present), key=lambda name: (rank.get(name, len(rank)), name))


def _task(line: Record) -> tuple[str, str]:
    return line["task"], str(line.get("judge", ""))


def _never(row: Mapping[str, Any]) -> bool:
    """Whether both models were tried, and neither did it once."""
    return all((row[model] or {}).get("rate") == 0 for model in MODELS)


def _row(label: str, rates: Rates, key: tuple[str, ...]) -> dict[str, Any]:
    return {"label": label, **{model: rates.get((*key, model)) for model in MODELS}}
