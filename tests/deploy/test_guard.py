import json
from pathlib import Path

import pytest

from switchgear.deploy.guard import Guard, fingerprint, highest, recent
from switchgear.errors import DataError, RunError
from switchgear.runs import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "run")
    run.adapter.mkdir(parents=True)
    (run.adapter / "adapter_model.safetensors").write_bytes(b"weights")
    return run


@pytest.fixture
def saved(run: Run, make_guard) -> Run:
    guard = make_guard(window=3)
    settings = guard.settings.model_copy(update={"adapter": fingerprint(run)})
    Guard(guard.probe, settings).save(run.guard)
    return run


def test_the_last_tokens_are_averaged_as_far_as_there_are_any():
    assert recent([], 3) == -float("inf")
    assert recent([1.0, 3.0], 3) == 2
    assert recent([9.0, 1.0, 2.0, 3.0], 3) == 2
    assert highest([0.0, 6.0, 0.0, -3.0], 2) == 3


def test_an_answer_trips_at_the_first_token_at_which_enough_agree(make_guard):
    guard = make_guard(window=2)
    assert guard.trips_at([-4.0, 3.0, -1.0, 2.0, 5.0]) == 3
    assert guard.trips_at([-4.0, 4.0, -4.0]) is None
    assert guard.trips_at([]) is None


def test_a_saved_guard_is_loaded_with_its_run(saved: Run):
    guard = Guard.load(saved)
    assert guard.settings.window == 3
    assert json.loads((saved.guard / "guard.json").read_text())["threshold"] == 0


def test_a_run_without_a_guard_says_how_to_fit_one(run: Run):
    with pytest.raises(RunError, match="has no guard"):
        Guard.load(run)


def test_a_guard_of_another_adapter_is_refused(saved: Run):
    (saved.adapter / "adapter_model.safetensors").write_bytes(b"trained again")
    with pytest.raises(RunError, match="another adapter"):
        Guard.load(saved)


@pytest.mark.parametrize(
    ("file", "text"), [("guard.json", "{"), ("guard.json", '{"threshold": "x"}'), ("probe.safetensors", "")]
)
def test_damaged_files_are_named(saved: Run, file: str, text: str):
    (saved.guard / file).write_text(text)
    with pytest.raises(DataError, match="guard"):
        Guard.load(saved)
