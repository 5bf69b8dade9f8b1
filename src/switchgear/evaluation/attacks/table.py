"""Attack success over budget, for a terminal."""

from collections.abc import Sequence

from rich.table import Table

from switchgear.evaluation.attacks.summary import Line
from switchgear.terminal import percent, table


def attack_table(lines: Sequence[Line]) -> Table:
    """A row for each attack, budget and number of attempts: both rates in percent, and how many attempts failed."""
    found = {(line["attack"], line["attempts"], line["budget"], line["model"]): line for line in lines}
    units = {line["attack"]: line["unit"] for line in lines}
    shown = table("Attack", "Budget", "Any of", "n", "Frozen", "Adapted", "Failed")
    for attack, attempts, budget in dict.fromkeys(key[:3] for key in found):
        both = [found.get((attack, attempts, budget, model)) for model in ("frozen", "adapted")]
        rates = [percent(line) if line else "-" for line in both]
        n = "/".join(str(line["n"]) for line in both if line)
        failed = sum(line["errors"] for line in both if line)
        shown.add_row(attack, f"{budget:g} {units[attack]}", str(attempts), n, *rates, str(failed))
    return shown
