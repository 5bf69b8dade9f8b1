"""Fitting and measuring on the garden, with a tiny model that is really trained."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from rich.console import Console

from switchgear.deploy.fit import fit, fit_probe, threshold_of, trips_by_kind
from switchgear.deploy.guard import Guard
from switchgear.deploy.probe import Probe
from switchgear.deploy.tokens import Continuation, families, read
from switchgear.errors import DataError, RunError
from switchgear.model.load import load_model, load_tokenizer
from switchgear.model.render import render
from switchgear.recipe import load
from switchgear.runs import Run
from switchgear.schema import Trace
from tests.garden import example, examples

QUIET = Console(quiet=True)
AXIS = Probe(torch.tensor([[10.0, 0.0]]), torch.tensor(0.0))


def continuation(kind: str, *angles: float) -> Continuation:
    """Tokens whose log-odds under `AXIS` are 10 times these."""
    return Continuation(kind, torch.tensor([[[x, (1 - x * x) ** 0.5] for x in angles]]))


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    shutil.copytree(trained.parent / "run", tmp_path / "run")
    return Run(tmp_path / "run")


def test_examples_of_one_row_come_together_up_to_the_limit():
    found = families(examples(), 7, seed=0)
    assert [len(family) for family in found] == [3, 3]
    assert all(len({each.group for each in family}) == 1 for family in found)
    assert families(examples(), 7, seed=1) != found == families(examples(), 7, seed=0)


def test_continuations_are_read_without_what_a_harmful_one_shares_with_its_twin(garden: Path):
    recipe = load(garden)
    model, tokenizer = load_model(recipe.model), load_tokenizer(recipe.model)
    twins = [example(trace, "roses") for trace in (Trace.HIJACKED, Trace.RESISTED)]
    lengths = {each.kind: each.states.shape for each in read(model, tokenizer, twins, recipe, [2, 4])}

    ids = [render(each, tokenizer).ids for each in twins]
    starts = [render(each, tokenizer).turn_start(3) for each in twins]
    same = next(i for i, (a, b) in enumerate(zip(*ids, strict=False)) if a != b) - starts[0]
    end = max(span.end for span in render(twins[1], tokenizer).spans)
    assert same > 0
    assert lengths["resisted"] == (2, end - starts[1], 32)
    (alone,) = read(model, tokenizer, twins[:1], recipe, [2, 4])
    assert lengths["harmful"] == (2, alone.states.shape[1] - same, 32)


def test_the_threshold_lets_the_stated_share_of_benign_continuations_trip():
    benign = [continuation("clean", x, -0.9) for x in (0.1, 0.2, 0.3, 0.4)]
    harmful = [continuation("harmful", 0.9, 0.9)]
    # each peaks at its first token: 1, 2, 3, 4
    for share, tripped in ((0.0, 0), (0.25, 1), (0.5, 2)):
        threshold = threshold_of(AXIS, [*benign, *harmful], share)
        rates = trips_by_kind(AXIS, [*benign, *harmful], threshold)
        assert (rates["clean"].successes, rates["clean"].n) == (tripped, 4)
        assert rates["harmful"].rate == 1


def test_the_threshold_is_never_below_even_odds():
    assert threshold_of(AXIS, [continuation("clean", -0.9)], 0.0) == 0


def test_a_set_that_lacks_what_is_needed_is_an_error():
    with pytest.raises(DataError, match="no benign continuation"):
        threshold_of(AXIS, [continuation("harmful", 0.5)], 0.01)
    with pytest.raises(DataError, match="no continuation"):
        fit_probe([])


def test_a_guard_is_fitted_and_saved_with_its_run(run: Run):
    guard = fit(load(run.recipe), run, QUIET, examples=9, false_trips=0.0)
    assert guard.settings.fitted_on == {"harmful": 3, "resisted": 3, "clean": 3}
    assert {kind: rate.n for kind, rate in guard.settings.validation.items()} == {
        "clean": 1,
        "harmful": 1,
        "resisted": 1,
    }
    assert guard.settings.validation["clean"].successes == 0
    again = Guard.load(run)
    assert again.settings == guard.settings
    assert torch.equal(again.probe.weight, guard.probe.weight)
    assert not json.loads((run.guard / "guard.json").read_text()).keys() & {"text", "messages"}


def test_a_run_that_is_not_trained_has_no_guard_to_fit(garden: Path):
    recipe = load(garden)
    with pytest.raises(RunError, match="switchgear train"):
        fit(recipe, Run(recipe.run), QUIET, examples=9, false_trips=0.0)
