import json
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.errors import GateError
from switchgear.training import gates
from switchgear.training.batches import Row


def harmful(*reroute: float) -> dict[str, list[Row]]:
    return {"harmful": [Row([1] * len(reroute), list(reroute), [float(not part) for part in reroute])]}


def test_the_share_of_rerouted_tokens_is_told():
    gate = gates.masks(harmful(0.0, 0.0, 0.0, 1.0))
    assert gate.passed
    assert gate.values == {"share": 0.25}


def test_an_empty_mask_stops_the_run():
    with pytest.raises(GateError, match="1 of 1 harmful examples have no continuation token"):
        gates.masks(harmful(0.0, 0.0))


def test_a_full_sequence_mask_stops_the_run():
    with pytest.raises(GateError, match="from the first token to the last"):
        gates.masks(harmful(1.0, 1.0))


def test_an_adapter_without_effect_stops_the_run():
    with pytest.raises(GateError, match="changes nothing"):
        gates.effect(harmful=1e-5, benign=0.0)


@pytest.mark.parametrize(("benign", "passed"), [(0.1, True), (0.9, False)])
def test_an_adapter_that_changes_benign_text_as_much_is_a_warning(benign: float, passed: bool):
    assert gates.effect(harmful=1.0, benign=benign).passed is passed


def test_gates_are_on_disk_as_soon_as_they_are_seen(tmp_path: Path):
    log = gates.GateLog(tmp_path / "gates.json", Console(quiet=True))
    log(gates.drift(0.1))
    log(gates.drift(0.7))
    assert [gate["passed"] for gate in json.loads((tmp_path / "gates.json").read_text())] == [True, False]
