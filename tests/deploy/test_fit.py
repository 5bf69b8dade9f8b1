"""Fitting on the garden, with a tiny model that is really trained."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from switchgear.deploy import tokens
from switchgear.deploy.fit import fit, fit_probe, threshold_of
from switchgear.deploy.gathering import partial
from switchgear.deploy.guard import Guard
from switchgear.deploy.probe import Probe
from switchgear.deploy.tokens import Prompt, Seen
from switchgear.errors import DataError, RunError
from switchgear.model.render import render
from switchgear.recipe import Recipe, load
from switchgear.runs import Run
from switchgear.schema import Example

QUIET = Console(quiet=True)
AXIS = Probe(torch.tensor([[10.0, 0.0]]), torch.tensor(0.0))


def seen(cosine: float, *places: float) -> Seen:
    """Tokens whose log-odds under `AXIS` are 10 times these, all at one cosine to the frozen states."""
    states = torch.tensor([[[x, (1 - x * x) ** 0.5] for x in places]])
    return Seen("clean", "free", states, torch.full((len(places),), cosine))


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    shutil.copytree(trained.parent / "run", tmp_path / "run")
    return Run(tmp_path / "run")


def test_the_threshold_lets_the_stated_share_of_texts_through_that_have_not_tripped():
    held = [seen(0.99, x, -0.9) for x in (0.1, 0.2, 0.3, 0.4)]  # each peaks at its first token: 1, 2, 3, 4
    tripped = seen(0.1, 0.9, 0.9)
    for share, expected in ((0.0, 4), (0.25, 3), (0.5, 2)):
        assert threshold_of(AXIS, [*held, tripped], share) == pytest.approx(expected)


def test_the_threshold_is_never_below_even_odds():
    assert threshold_of(AXIS, [seen(0.99, -0.9)], 0.0) == 0


def test_a_set_that_lacks_what_is_needed_is_an_error():
    with pytest.raises(DataError, match="trips in every text"):
        threshold_of(AXIS, [seen(0.1, 0.5)], 0.01)
    with pytest.raises(DataError, match="no continuation"):
        fit_probe([])
    with pytest.raises(DataError, match="does the breaker act"):
        fit_probe([seen(0.99, 0.5)])


def test_a_guard_is_fitted_on_what_is_read_and_written_and_saved_with_its_run(run: Run, monkeypatch):
    recipe = load(run.recipe)

    def put(example: Example, tokenizer: Any, _: Recipe) -> Iterator[Prompt]:
        rendered = render(example, tokenizer)
        yield Prompt(str(example.trace), "free", tuple(rendered.ids[: rendered.turn_start(3)]))

    monkeypatch.setattr(tokens, "TURNED", 0.1)  # the tiny model's states turn everywhere; below this, in some tokens
    guard = fit(recipe, run, QUIET, put, examples=9, false_trips=0.0, max_new_tokens=4)
    assert guard.settings.fitted_on["tripped"] > 0
    assert [(line["mode"], line["kind"], line["n"]) for line in guard.settings.validation] == [
        (mode, kind, 1) for mode in ("free", "replayed") for kind in ("clean", "hijacked", "resisted")
    ]
    assert sum(line["n"] - line["breaker"] for line in guard.settings.validation) > 0
    assert all(line["successes"] == line["breaker_stopped"] for line in guard.settings.validation), "no false trips"
    again = Guard.load(run)
    assert again.settings == guard.settings
    assert torch.equal(again.probe.weight, guard.probe.weight)
    assert not partial(run).exists()
    assert not json.loads((run.guard / "guard.json").read_text()).keys() & {"text", "messages"}


def test_a_run_that_is_not_trained_has_no_guard_to_fit(garden: Path):
    recipe = load(garden)
    with pytest.raises(RunError, match="switchgear train"):
        fit(recipe, Run(recipe.run), QUIET, lambda *_: [], examples=9, false_trips=0.0, max_new_tokens=4)
