import json
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.errors import GateError
from switchgear.recipe import GatesRecipe
from switchgear.training import gates
from switchgear.training.batches import Row


def harmful(*rows: list[float]) -> list[Row]:
    return [Row([1] * len(row), row, [float(not part) for part in row]) for row in rows]


@pytest.mark.parametrize(
    ("rows", "passed", "told"),
    [
        ([[0.0, 1.0]], True, "0 of 1"),
        ([[0.0, 0.0]], False, "1 of 1 harmful examples have no continuation token to reroute"),
        ([[0.0, 0.0], [0.0, 1.0]], True, "1 of 2 harmful examples have no continuation token"),
        ([[0.0, 0.0], [0.0], [0.0, 1.0]], False, "2 of 3"),
        ([[1.0, 1.0], [0.0, 1.0]], False, "1 would be rerouted from the first token to the last"),
        ([[], [0.0, 1.0]], True, "1 of 2"),
    ],
)
def test_masks_are_neither_empty_nor_full(rows: list[list[float]], passed: bool, told: str):
    gate = gates.masks(harmful(*rows))
    assert gate.passed is passed
    assert told in gate.saw


@pytest.mark.parametrize(("context", "passed"), [(3, True), (0, False), (2000, False)])
def test_the_share_of_rerouted_tokens_is_told(context: int, passed: bool):
    gate = gates.share(harmful([*[0.0] * context, 1.0]))
    assert gate.passed is passed
    assert gate.values == {"share": 1 / (context + 1)}


@pytest.mark.parametrize("gate", [gates.finite(3, float("inf")), gates.finite(3, float("nan"))])
def test_a_loss_that_is_not_a_number_does_not_pass(gate: gates.Gate):
    assert not gate.passed
    assert gates.finite(3, 1e9).passed


def test_the_plateau_is_left_at_nine_tenths_of_the_start():
    assert gates.plateau(9, reroute=0.89, start=1.0).passed
    assert not gates.plateau(9, reroute=0.91, start=1.0).passed


def test_an_adapter_without_effect_does_not_pass():
    assert "changes nothing" in gates.effect(1e-5).saw
    assert not gates.effect(1e-5).passed
    assert gates.effect(0.5).passed


@pytest.mark.parametrize(("benign", "passed"), [(0.1, True), (0.9, False)])
def test_an_adapter_that_changes_benign_text_as_much_does_not_pass(benign: float, passed: bool):
    assert gates.benign(benign, harmful=1.0).passed is passed


def test_every_gate_has_a_policy_and_says_what_to_try():
    seen = [
        *(gates.masks(harmful([0.0, 1.0])), gates.share(harmful([0.0, 1.0])), gates.finite(1, 1.0)),
        *(gates.plateau(1, 1.0, 1.0), gates.drift(0.1), gates.effect(1.0), gates.benign(0.1, 1.0)),
    ]
    assert [gate.gate for gate in seen] == list(GatesRecipe.model_fields)
    assert all(gate.advice for gate in seen)


def test_gates_are_on_disk_as_soon_as_they_are_seen(tmp_path: Path):
    log = gates.GateLog(GatesRecipe(), tmp_path / "gates.json", Console(quiet=True))
    log(gates.drift(0.1))
    log(gates.drift(0.7))
    with pytest.raises(GateError, match=r"changes nothing.*Train longer.*train\.gates\.effect=warn"):
        log(gates.effect(0.0))
    assert [gate["passed"] for gate in json.loads((tmp_path / "gates.json").read_text())] == [True, False, False]


def test_the_recipe_decides_what_a_gate_does(tmp_path: Path):
    policy = GatesRecipe.model_validate({"drift": "stop", "effect": "warn", "benign": False})  # YAML's bare `off`
    log = gates.GateLog(policy, tmp_path / "gates.json", Console(quiet=True))
    log(gates.effect(0.0))
    log(gates.benign(1.0, 1.0))
    with pytest.raises(GateError):
        log(gates.drift(0.7))
    assert [gate.gate for gate in log.seen] == ["effect", "drift"]
