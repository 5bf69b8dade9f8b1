import shutil
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.deploy.guard import Guard, fingerprint
from switchgear.deploy.measure import Clock, Outcome, Prompt, guard_table, measure, summarise
from switchgear.errors import DataError
from switchgear.recipe import load
from switchgear.runs import Run, read_json
from tests.garden import BEDS, examples

QUIET = Console(quiet=True)


@pytest.fixture
def run(trained: Path, tmp_path: Path, make_guard) -> Run:
    """The trained garden under a guard that trips at every first token that it reads."""
    shutil.copytree(trained.parent / "run", tmp_path / "run")
    run = Run(tmp_path / "run")
    always = make_guard(bias=1.0)
    Guard(always.probe, always.settings.model_copy(update={"adapter": fingerprint(run)})).save(run.guard)
    return run


def outcome(tripped: bool, tokens: int, reason: str = "probe", kind: str = "hijacked") -> Outcome:
    return Outcome(kind=kind, mode="free", tripped=tripped, reason=reason if tripped else "", tokens=tokens)


def test_trips_are_counted_by_kind_and_reason_with_the_median_of_tokens_until_then():
    hijacked = [outcome(True, 3), outcome(True, 9, "incoherent"), outcome(True, 5), outcome(False, 40)]
    lines = summarise([*hijacked, outcome(False, 12, kind="clean")])
    attacked, clean = lines
    assert (attacked["successes"], attacked["n"], attacked["rate"]) == (3, 4, 0.75)
    assert 0.30 < attacked["low"] < 0.31
    assert (attacked["probe"], attacked["incoherent"], attacked["tokens_until_trip"]) == (2, 1, 5)
    assert (clean["rate"], clean["tokens_until_trip"]) == (0, None)


def test_the_overhead_is_the_guards_time_beside_the_models():
    figures = Clock(steps=4, guard=0.1, total=1.1).figures
    assert figures["guard_milliseconds_per_step"] == pytest.approx(25)
    assert figures["milliseconds_per_step"] == pytest.approx(250)
    assert figures["overhead"] == pytest.approx(0.1)
    assert Clock().figures["overhead"] is None


def test_held_out_traces_are_replayed_and_prompts_answered(run: Run):
    prompts = [Prompt("clean", "free", (5, 6, 7)), Prompt("hijacked", "prefilled", (5, 6, 8))]
    found = measure(load(run.recipe), run, QUIET, list(examples(BEDS[4:])), prompts, replayed=6)
    assert read_json(run.guard / "evaluation.json") == found
    by_place = {(line["mode"], line["kind"]): line for line in found["rates"]}
    for kind in ("hijacked", "resisted", "clean"):
        assert by_place["replayed", kind]["n"] == by_place["replayed", kind]["successes"] == 2
        assert by_place["replayed", kind]["tokens_until_trip"] == 1
    assert by_place["free", "clean"]["tokens_until_trip"] == 2  # the second is written when the first is read
    assert by_place["prefilled", "hijacked"]["n"] == 1
    assert found["clock"]["guard_milliseconds_per_step"] > 0
    assert guard_table(found["rates"]).row_count == 5


def test_nothing_to_measure_on_is_an_error(run: Run):
    with pytest.raises(DataError, match="holds nothing out"):
        measure(load(run.recipe), run, QUIET, [], [], replayed=6)
