"""Several runs in one page: what each does under each attack, what it costs, and what they differ in."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from switchgear.errors import RunError
from switchgear.report import tables
from switchgear.report.attacks import overlaid
from switchgear.report.charts.pareto import front, pareto_chart
from switchgear.report.columns import heads, lines
from switchgear.report.folder import Folder
from switchgear.report.page import render
from switchgear.report.rates import MODES
from switchgear.report.text import is_number, told_apart
from switchgear.report.verdict import answers, headline, holds
from switchgear.runs import Run, replacing

Record = Mapping[str, Any]
NOT_SETTINGS = ("run",)  # where a run lies is not what it is


def compare(runs: Sequence[Run], out: Path) -> Path:
    """Write `report.html`, `table.md` and `table.csv` into `out`, and return the path of the page.

    Raises:
        RunError: a folder that is no run, or was not evaluated. DataError: a damaged file of one.
    """
    folders = [Folder(run) for run in runs]
    for folder in folders:
        if not folder.summary:
            raise RunError(f"{folder.run.summary} does not exist: evaluate that run first, or leave it out.")
    page = contents(folders)
    tables.write(out, page["lines"], page["heads"])
    with replacing(out / "report.html") as file:
        file.write(render("comparison.html", page))
    return out / "report.html"


def contents(folders: Sequence[Folder]) -> dict[str, Any]:
    """Everything the template shows, by name."""
    folders, labels = list(folders), _labels(folders)
    mode = next((mode for mode in MODES if all(_measured(folder, mode) for folder in folders)), "")
    runs = [_run(*of, mode) for of in zip(folders, labels, range(1, len(folders) + 1), strict=True)]
    placed = [run for run in runs if is_number(run["attack"].get("rate")) and is_number(run["loss"].get("rate"))]
    holding = sum(holds(answers(folder.summary)) for folder in folders)
    verb = "holds" if holding == 1 else "hold"
    return {
        "headline": f"{holding} of {len(folders)} runs {verb} where that could be tested.",
        "name": ", ".join(labels),
        "runs": runs,
        "mode": mode,
        "front": [run["number"] for run in front(placed)],
        "heads": heads(folders),
        "lines": lines(folders, labels),
        "pareto": pareto_chart(runs),
        "curves": overlaid([folder.summary for folder in folders]),
        "settings": _settings(folders),
        "holdouts": len({str((folder.provenance.get("data") or {}).get("holdout.jsonl")) for folder in folders}),
    }


def _run(folder: Folder, label: str, number: int, mode: str) -> dict[str, Any]:
    cost = _find(folder.summary.get("differences", []), "clean", mode, "expected_call")
    signs = {"rate": cost.get("difference"), "low": cost.get("high"), "high": cost.get("low")}
    rates = folder.summary.get("rates", [])
    before, attacked = (
        _find(rates, "hijacked", mode, "attack_success", model=model) for model in ("frozen", "adapted")
    )
    return {
        "number": number,
        "name": label,
        "headline": headline(answers(folder.summary)),
        "before": before,
        "attack": attacked,
        "loss": {key: -value for key, value in signs.items() if is_number(value)},
    }


def _measured(folder: Folder, mode: str) -> bool:
    rate = _find(folder.summary.get("rates", []), "hijacked", mode, "attack_success", model="adapted").get("rate")
    return is_number(rate)


def _find(records: Sequence[Record], kind: str, mode: str, measure: str, **more: str) -> Record:
    wanted = {"kind": kind, "mode": mode, "measure": measure, **more}
    return next((record for record in records if all(record.get(k) == v for k, v in wanted.items())), {})


def _labels(folders: Sequence[Folder]) -> list[str]:
    """Names of folders; where two folders have one name, as much of their paths as tells them apart."""
    names = [folder.name for folder in folders]
    if len(set(names)) == len(names):
        return names
    return told_apart([folder.run.root.resolve().parts for folder in folders])


def _settings(folders: Sequence[Folder]) -> list[dict[str, Any]]:
    """The fields of the recipes that are not the same in all runs."""
    flat = [dict(_flat(folder.recipe)) for folder in folders]
    keys = [key for key in dict.fromkeys(key for each in flat for key in each) if key not in NOT_SETTINGS]
    values = {key: [each.get(key, "") for each in flat] for key in keys}
    return [{"field": key, "values": found} for key, found in values.items() if len(set(found)) > 1]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Fields by their full names, as overrides write them; a list of plain values is one field."""
    if isinstance(value, list) and not any(isinstance(inner, dict | list) for inner in value):
        yield name, ", ".join(map(str, value))
    elif isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in inside:
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, str(value)
