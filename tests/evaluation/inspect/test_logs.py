from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import scorer
from inspect_ai.solver import solver

from switchgear.errors import DataError
from switchgear.evaluation.inspect.logs import compared, rates, read
from switchgear.evaluation.inspect.scoring import RATES, scored, unscored
from switchgear.intervals import wilson


@solver
def nothing():
    async def solve(state, generate):
        if state.input == "fail":
            raise RuntimeError("no")
        return state

    return solve


@scorer(metrics=RATES)
def colour():
    """red, and how much of it; an input "?" is not told, "none" has no verdict."""

    async def compute(state, target):
        if state.input == "none":
            return unscored("no verdict")
        return scored({"red": None if state.input == "?" else state.input == "red", "share": len(state.input) / 4})

    return compute


@pytest.fixture
def logged(tmp_path):
    def run(*inputs, name="colours", **options):
        samples = [Sample(id=n, input=text, metadata={"group": text}) for n, text in enumerate(inputs)]
        task = Task(MemoryDataset(samples), solver=nothing(), scorer=colour(), fail_on_error=False, name=name)
        [log] = evaluate(task, model="mockllm/model", log_dir=str(tmp_path), display="none", **options)
        return log

    return run


def test_rates_have_their_n_and_interval_and_what_is_not_told_beside_them(logged):
    log = logged("red", "red", "blue", "?", "none", "fail")
    red, share = rates(log)
    assert (red["successes"], red["n"], red["independent"]) == (2, 3, wilson(2, 3).model_dump(include={"low", "high"}))
    assert (red["samples"], red["errors"], red["unscored"], red["reasons"]) == (6, 1, 1, {"no verdict": 1})
    assert (share["n"], share["rate"]) == (4, pytest.approx((3 + 3 + 4 + 1) / 16))
    assert share["low"] < share["rate"] < share["high"]
    [shown] = [score for score in log.results.scores if score.name == "red"]
    assert [metric.value for name, metric in shown.metrics.items() if name.endswith("_rate")] == [pytest.approx(2 / 3)]


def test_where_every_sample_failed_that_is_told(logged):
    [line] = rates(logged("fail", "fail"))
    assert (line["n"], line["rate"], line["errors"]) == (0, None, 2)


def test_samples_that_a_stopped_evaluation_lacks_are_counted(logged):
    log = read(Path(logged("red", "blue", "red").location))
    log.samples.pop()
    assert {line["missing"] for line in rates(log)} == {1}
    assert {line["missing"] for line in rates(logged("red", "blue", "red", limit=2))} == {0}


def test_two_logs_are_compared_on_the_samples_that_both_tell(logged):
    first, second = logged("red", "red", "blue", "?"), logged("blue", "red", "fail", "red")
    [line] = compared(first, second)
    assert (line["measure"], line["n"], line["frozen"], line["adapted"]) == ("red", 2, 1.0, 0.5)
    assert line["discordant"] == ["0/1"]


def test_logs_of_different_tasks_are_not_compared(logged):
    with pytest.raises(DataError, match="different tasks"):
        compared(logged("red"), logged("red", name="others"))


def test_a_log_that_is_cut_off_is_refused_and_its_recovery_told(logged):

    path = Path(logged("red", "blue").location)
    assert len(read(path).samples) == 2
    whole = path.read_bytes()
    for share in (0, 0.3, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="inspect log recover"):
            read(path)
    with pytest.raises(DataError, match="no log at"):
        read(path.with_name("other.eval"))
