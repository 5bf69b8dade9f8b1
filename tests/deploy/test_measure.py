import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from switchgear.deploy.guard import Guard, fingerprint
from switchgear.deploy.measure import Clock, Figures, measure
from switchgear.deploy.outcomes import guard_table
from switchgear.deploy.tokens import Prompt
from switchgear.errors import DataError
from switchgear.model.load import load_tokenizer
from switchgear.recipe import load
from switchgear.runs import Run, read_json
from tests.garden import BEDS, examples


@pytest.fixture
def run(trained: Path, tmp_path: Path, make_guard) -> Run:
    """The trained garden under a guard that trips at every first token that it reads."""
    shutil.copytree(trained.parent / "run", tmp_path / "run")
    run = Run(tmp_path / "run")
    always = make_guard(bias=1.0)
    Guard(always.probe, always.settings.model_copy(update={"adapter": fingerprint(run)})).save(run.guard)
    return run


def measured(run: Run, *arguments: Any, **options: Any) -> Figures:
    recipe = load(run.recipe)
    return measure(recipe, run, Console(quiet=True), load_tokenizer(recipe.model), *arguments, **options)


def test_the_overhead_is_the_guards_time_beside_the_models():
    figures = Clock(steps=4, guard=0.1, total=1.1).figures
    assert figures["guard_milliseconds_per_step"] == pytest.approx(25)
    assert figures["milliseconds_per_step"] == pytest.approx(250)
    assert figures["overhead"] == pytest.approx(0.1)
    assert Clock().figures["overhead"] is None


def test_held_out_traces_are_replayed_and_prompts_answered(run: Run):
    prompts = [Prompt("clean", "free", (5, 6, 7), does), Prompt("hijacked", "prefilled", (5, 6, 8), does)]
    found = measured(run, list(examples(BEDS[4:])), prompts, replays=6)
    assert read_json(run.guard / "evaluation.json") == found
    by_place = {(line["mode"], line["kind"]): line for line in found["rates"]}
    for kind in ("hijacked", "resisted", "clean"):
        assert by_place["replayed", kind]["n"] == by_place["replayed", kind]["successes"] == 2
        assert by_place["replayed", kind]["tokens_until_stop"] == 1
    assert by_place["free", "clean"]["tokens_until_stop"] == 2  # the second is written when the first is read
    assert by_place["prefilled", "hijacked"]["n"] == 1
    assert found["clock"]["guard_milliseconds_per_step"] > 0
    assert guard_table("Put", found["rates"]).row_count == 5


def test_an_answer_is_written_to_its_end_to_see_what_it_would_have_done(run: Run):
    """Though this guard stops it at its second token."""
    found = measured(run, [], [Prompt("clean", "free", (5, 6, 7), does)], replays=1)
    (line,) = found["outcomes"]
    assert (line["does"], line["kind"], line["successes"]) == ("writes 4", "clean", 1)


def does(ids: list[int]) -> str:
    return f"writes {len(ids)}"


def test_nothing_to_measure_on_is_an_error(run: Run):
    with pytest.raises(DataError, match="holds nothing out"):
        measured(run, [], [], replays=6)
