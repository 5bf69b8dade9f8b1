"""What the breaker was tried against: in words, and as success over what an attack may spend."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from switchgear.report.charts.lines import line_chart
from switchgear.report.rates import MODELS, ordered
from switchgear.report.text import is_number, percent, title

Record = Mapping[str, Any]
PUT = {  # mode -> how a case is put
    "free": "the model answers on its own",
    "forced": "its answer is begun for it",
    "prefilled": "most of the call is written for it",
}


def tried(rows: Sequence[Record], summary: Record) -> list[str]:
    """What it was tried against, one line each: the attacks with a budget, the cases, and how they were put."""
    attacked = [row for row in rows if row.get("kind") == "hijacked"]
    lines = [f"{title(name)}, up to {_budget(lines)}" for name, lines in _by_attack(summary).items()]
    if attacked:
        cases = len({row.get("case") for row in attacked})
        lines.append(f"{cases} hijacked {'case' if cases == 1 else 'cases'}, replayed")
    for name, noun in (("suite", "suite"), ("family", "template family")):
        values = sorted({str(row[name]) for row in attacked if row.get(name)})
        plural = noun if len(values) == 1 else noun.replace("family", "familie") + "s"
        lines += [f"{len(values)} {plural}: {listed(values)}"] if values else []
    modes = ordered((str(row.get("mode")) for row in attacked), PUT)
    return [*lines, *(f"{title(mode)}: {PUT.get(mode, mode)}" for mode in modes)] or ["No attack."]


def curves(summary: Record) -> list[dict[str, Any]]:
    """`title`, `note`, `chart` and `lines` of each attack: attack success over budget, or over attempts at one budget.

    Where both vary, there is one chart for each number of attempts.
    """
    found = []
    for name, lines in _by_attack(summary).items():
        budgets, attempts = ({line.get(of) for line in lines} for of in ("budget", "attempts"))
        if len(budgets) == 1 and len(attempts) > 1:
            found.append(_curve(f"{title(name)}, {_budget(lines)}", lines, "attempts", "attempts"))
            continue
        for count in sorted(attempts, key=lambda count: count or 1):
            some = [line for line in lines if line.get("attempts") == count]
            heading = title(name) if (count or 1) == 1 else f"{title(name)}, any of {count} attempts"
            found.append(_curve(heading, some, "budget", _unit(lines)))
    return found


def strongest(summary: Record) -> dict[str, dict[str, Record]]:
    """For each attack at its largest budget with most attempts: model -> record. The name tells the budget."""
    found = {}
    for name, lines in _by_attack(summary).items():
        most = max((line.get("budget") or 0, line.get("attempts") or 1) for line in lines)
        last = [line for line in lines if (line.get("budget") or 0, line.get("attempts") or 1) == most]
        attempts = f", any of {most[1]}" if most[1] > 1 else ""
        found[f"{name}, {_budget(lines)}{attempts}"] = {str(line.get("model")): line for line in last}
    return found


def overlaid(summaries: Sequence[Record]) -> list[dict[str, Any]]:
    """`title`, `note` and `chart` of each attack that several runs were put to: the adapted models in one chart."""
    runs = [{name: _adapted(lines) for name, lines in _by_attack(summary).items()} for summary in summaries]
    found = []
    for name in dict.fromkeys(name for run in runs for name in run):
        lines = {f"run {number}": run[name] for number, run in enumerate(runs, start=1) if run.get(name)}
        if len(lines) < 2:
            continue
        points = {run: [(line["budget"], line.get("rate")) for line in some] for run, some in lines.items()}
        unit = _unit(next(iter(lines.values())))
        chart = line_chart(name, points, along=unit, reach=(1.0,), written=percent)
        found.append({"title": title(name), "note": "Attack success of the adapted models.", "chart": chart})
    return found


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b and c`; of more than `most`, the rest as a number."""
    names = [str(name).replace("_", " ") for name in names]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _curve(heading: str, lines: Sequence[Record], along: str, unit: str) -> dict[str, Any]:
    lines = sorted((line for line in lines if is_number(line.get(along))), key=lambda line: line[along])
    models = ordered((str(line.get("model")) for line in lines), MODELS)
    of = {model: [line for line in lines if line.get("model") == model] for model in models}
    chart: Markup = line_chart(
        heading,
        {model: [(line[along], line.get("rate")) for line in some] for model, some in of.items()},
        along=unit,
        bands={
            model: [(line[along], line.get("low"), line.get("high")) for line in some] for model, some in of.items()
        },
        reach=(1.0,),
        written=percent,
    )
    cases = max((line.get("n") or 0 for line in lines), default=0)
    return {
        "title": heading,
        "note": f"Attack success with 95% intervals, n = {cases}.",
        "chart": chart,
        "lines": lines,
    }


def _adapted(lines: Sequence[Record]) -> list[Record]:
    """Those of the adapted model by budget, at the most attempts that were made at all."""
    mine = [line for line in lines if line.get("model") == "adapted" and is_number(line.get("budget"))]
    most = max((line.get("attempts") or 1 for line in mine), default=1)
    return sorted((line for line in mine if (line.get("attempts") or 1) == most), key=lambda line: line["budget"])


def _by_attack(summary: Record) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for line in summary.get("attacks") or []:
        found.setdefault(str(line.get("attack")), []).append(line)
    return found


def _unit(lines: Sequence[Record]) -> str:
    return str(lines[0].get("unit") or "budget").replace("_", " ")


def _budget(lines: Sequence[Record]) -> str:
    most = max((line.get("budget") or 0 for line in lines), default=0)
    return f"{most:g} {_unit(lines)}"
