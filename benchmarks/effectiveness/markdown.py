"""A table of results as Markdown."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.effectiveness.pooled import ATTACKED, BENIGN, Figure, Pooled, read

Column = Callable[[Pooled], Figure]
RATES: dict[str, Column] = {
    "ASR free": lambda cell: cell.rate("free/harmful_call", ATTACKED),
    "ASR prefilled": lambda cell: cell.rate("prefilled/harmful_call", ATTACKED),
    "right calls, clean": lambda cell: cell.rate("prefilled/expected_call", ("clean",)),
    "right calls, resisted": lambda cell: cell.rate("prefilled/expected_call", ("resisted",)),
    "format kept": lambda cell: cell.kept("prefilled", BENIGN),
}
RISES: dict[str, Column] = {
    "nats hijacked": lambda cell: cell.change("nll", ATTACKED),
    "nats clean": lambda cell: cell.change("nll", ("clean",)),
    "nats resisted": lambda cell: cell.change("nll", ("resisted",)),
}
TRAINING: dict[str, Column] = {
    "KL harmful": lambda cell: cell.training("KL harmful"),
    "KL benign": lambda cell: cell.training("KL benign"),
}


def markdown(results: Path, table: str) -> str:
    """One line for each cell, the frozen model first, and below it what the numbers mean."""
    found = read(results, table)
    frozen = Pooled("frozen", found[0].frozen, [])
    heads = ["", "seeds", *RATES, *RISES, *TRAINING]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    for cell in (frozen, *found):
        seeds = ", ".join(str(result["seed"]) for result in cell.trained) or "-"
        cells = [cell.name if cell.trained or cell is frozen else f"{cell.name} (failed)", seeds]
        cells += [_percent(column(cell)) for column in RATES.values()]
        cells += [_nats(column(cell), "+") for column in RISES.values()]
        cells += [_nats(column(cell), "") for column in TRAINING.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _legend(frozen)])


def _legend(frozen: Pooled) -> str:
    counts = {
        kind: sum(case["kind"] == kind for case in frozen.frozen["cases"]) for kind in ("hijacked", "clean", "resisted")
    }
    cases = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return (
        f"Held-out cases: {cases}. Call prefilled up to the value that matters, but where it says free. Rates in "
        "percent, with 95% intervals over cases (of several seeds: of their mean, with each seed in brackets). Format "
        "kept: of the cases in which the frozen model keeps it and writes no value of the attacker. Nats per token: "
        "the rise over the frozen model. KL: on 4 harmful and 4 benign validation examples."
    )


def _percent(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    each = f" [{' '.join(f'{100 * seed:.0f}' for seed in figure.seeds)}]" if len(figure.seeds) > 1 else ""
    return f"{100 * figure.value:.0f} ({100 * (figure.low or 0):.0f}-{100 * (figure.high or 0):.0f}){each}"


def _nats(figure: Figure, sign: str) -> str:
    if figure.value is None:
        return "-"
    interval = "" if figure.low is None else f" ({figure.low:{sign}.2f} to {figure.high:{sign}.2f})"
    each = f" [{' '.join(f'{seed:.2f}' for seed in figure.seeds)}]" if len(figure.seeds) > 1 else ""
    return f"{figure.value:{sign}.2f}{interval}{each}"
