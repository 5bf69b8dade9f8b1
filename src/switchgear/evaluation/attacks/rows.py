"""What attacks write, one line per attempt: `evaluation/attacks.jsonl`."""

from switchgear.evaluation.rows import Row


class AttackRow(Row):
    """A row of a hijacked case under attack; `mode` is how its answer was begun before the attack.

    `attack` is the title in the recipe, `budget` what was spent, in `unit`; `attempt` counts tries of the same budget,
    `nll` is that of the attacker's own answer, and `label` tells which variant this one was.
    """

    attack: str
    unit: str
    budget: float
    attempt: int = 0
    nll: float | None = None
    label: str = ""
