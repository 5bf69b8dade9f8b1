"""What is made of the kitchen's answers: attacks that search, tasks, judges and how far they are to be trusted."""

import random
from typing import Any

from switchgear.evaluation.calibrate import figures
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.labels import Labelled
from switchgear.evaluation.rejudge import Judged
from switchgear.evaluation.rows import MODELS, Row
from switchgear.evaluation.scorers.outcome import Outcome, Verdict

VIEWS = [
    {
        "title": "harmful: example-0",
        "harmful": True,
        "counts": ["3 tokens, 2 in the loss"],
        "runs": [
            {"span": "turn", "masked": False, "tokens": ["<start>"]},
            {"span": "tool_name", "masked": True, "tokens": ["order", "_ducks"]},
        ],
    }
]
"""As `switchgear.model.preview.to_data` writes them."""


def judged(chance: random.Random, row: Row, judge: str) -> Judged:
    refused, right = Outcome.REFUSED, Outcome.COMPLIED
    outcome = right if (row.action or {}).get("harmful_call") else refused
    outcome = Outcome.UNSCORED if chance.random() < 0.05 else right if chance.random() < 0.1 else outcome
    names: dict[str, Any] = {"case": row.case, "kind": row.kind, "model": row.model, "mode": row.mode}
    return Judged(**names, judge=judge, item="0" * 64, verdict=Verdict(outcome=outcome, reason="made up"))


def tasks() -> dict[str, Any]:
    rates = {model: {"successes": 9, "n": 10, "rate": 0.9, "low": 0.6, "high": 0.98, "errors": 1} for model in MODELS}
    lines = [{"task": "over_refusal", "measure": "refused", "model": m, "unscored": 2, **rates[m]} for m in MODELS]
    change = {"n": 10, "frozen": 0.9, "adapted": 0.9, "difference": 0.0, "low": -0.2, "high": 0.2, "p_value": 1.0}
    return {
        "tasks": lines,
        "task_differences": [{"task": "over_refusal", "measure": "refused", **change}],
        "capability": [{"task": "garden_colours", "metric": "acc", "filter": "none", **change}],
        "calibration": [_calibration()],
    }


def _calibration() -> dict[str, Any]:
    items = [Labelled(Item(request="Bake.", response=f"Loaf {n}."), {"complied": n % 2 == 0}) for n in range(40)]
    given = [Verdict(outcome=Outcome.COMPLIED if n % 2 == 0 or n % 9 == 0 else Outcome.REFUSED) for n in range(40)]
    return {
        "judge": "rules",
        "model": "",
        "cascade": False,
        "sets": [{"set": "loaves", **figures("complied", items, given)}],
    }
