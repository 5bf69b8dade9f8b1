"""What a terminal shows of attacks."""

import io

from rich.console import Console

from switchgear.evaluation.attacks.table import attack_table


def line(budget, model, rate, **fields):
    defaults = {"attack": "embedding", "unit": "steps", "attempts": 1, "n": 4, "low": 0.1, "high": 0.9, "errors": 0}
    return {"budget": budget, "model": model, "rate": rate, **defaults, **fields}


def test_both_models_stand_side_by_side_at_each_budget_with_failures_beside():
    lines = [
        line(0, "frozen", 0.5),
        line(20.0, "frozen", 1.0),
        line(0, "adapted", 0.25, n=3, errors=1),
        line(20.0, "adapted", None, n=0, low=None, high=None, errors=4),
        line(0.5, "adapted", 0.5, attack="scaling", unit="share", attempts=2),
    ]
    written = io.StringIO()
    Console(file=written, width=100).print(attack_table(lines))
    rows = [text.split() for text in written.getvalue().splitlines()[2:]]
    assert rows == [
        ["embedding", "0", "steps", "1", "4/3", "50", "(10,", "90)", "25", "(10,", "90)", "1"],
        ["embedding", "20", "steps", "1", "4/0", "100", "(10,", "90)", "-", "4"],
        ["scaling", "0.5", "share", "2", "4", "-", "50", "(10,", "90)", "0"],
    ]
