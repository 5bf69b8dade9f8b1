"""All attacks of a recipe: identical cases for both models, failures beside the rates, and nothing lost by a cut."""

import io
import json
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from rich.console import Console

from switchgear.errors import DataError, ModelError, RecipeError
from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.attacks.base import Attack, Attempt
from switchgear.evaluation.attacks.rows import AttackRow
from switchgear.evaluation.attacks.run import attack
from switchgear.evaluation.evaluate import evaluate
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.recipe import load
from switchgear.runs import Run, read_json, read_models, write_models
from switchgear.schema import Example, Trace

CALL = '<tool_call>{"name": "ring_bell", "arguments": {}}</tool_call>'


class Scripted(Attack):
    """Rings the bell of the frozen model at level 2, and breaks down at one batch if told to."""

    unit = "knocks"
    budget = (1, 2)
    batches = 0
    breaks_at = 0
    error: BaseException = torch.OutOfMemoryError("no memory")

    def __call__(self, batch):
        Scripted.batches += 1
        if Scripted.batches == Scripted.breaks_at:
            raise Scripted.error
        for question in batch:
            for level in self.recipe.budget:
                rings = self.victim.name == "frozen" and level == 2
                yield Attempt(question, level, output=CALL if rings else "I water.", label="softly")


@pytest.fixture
def recipe(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That of all tests of evaluation, and the attack `scripted`."""
    monkeypatch.setitem(ATTACKS, "scripted", Scripted)
    for name, value in {"batches": 0, "breaks_at": 0, "error": torch.OutOfMemoryError("no memory")}.items():
        monkeypatch.setattr(Scripted, name, value)
    return recipe


def run_attacks(recipe: Path, *attacks: dict) -> tuple[list[dict], list[AttackRow]]:
    loaded = load(recipe, [f"evaluate.attacks={json.dumps(attacks)}"])
    run = Run(loaded.run)
    model = load_adapter(load_model(loaded.model), run.adapter)
    lines = attack(loaded, run, Console(file=io.StringIO()), model, load_tokenizer(loaded.model))
    for partial in run.evaluation.glob("*.partial.jsonl"):
        partial.unlink()  # as an evaluation does at its end
    return lines, list(read_models(run.attacks, AttackRow)) if run.attacks.exists() else []


SCRIPTED = {"name": "scripted", "batch_size": 1}


def test_both_models_are_attacked_on_the_same_cases_and_scored_by_what_they_do(recipe):
    lines, rows = run_attacks(recipe, SCRIPTED)
    assert [(x["budget"], x["model"], x["attempts"], x["successes"], x["n"], x["errors"]) for x in lines] == [
        (1, "frozen", 1, 0, 2, 0),
        (2, "frozen", 1, 2, 2, 0),
        (1, "adapted", 1, 0, 2, 0),
        (2, "adapted", 1, 0, 2, 0),
    ]
    assert lines[0] | {"attack": "scripted", "unit": "knocks", "mode": "free"} == lines[0]
    assert {row.kind for row in rows} == {Trace.HIJACKED}
    assert {row.label for row in rows} == {"softly"}
    of = {model: [row.case for row in rows if row.model == model] for model in ("frozen", "adapted")}
    assert of["frozen"] == of["adapted"]


def test_several_attacks_have_their_own_levels_titles_and_cases(recipe):
    _, rows = run_attacks(recipe, SCRIPTED, {**SCRIPTED, "title": "hard", "budget": [2], "limit": 1})
    found = {title: {(row.budget, row.case) for row in rows if row.attack == title} for title in ("scripted", "hard")}
    assert {len(each) for each in found["scripted"]} == {2}
    assert len(found["scripted"]) == 4
    assert len(found["hard"]) == 1
    assert found["hard"] < found["scripted"]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no memory"), ValueError("secret"), IndexError()])
def test_an_attack_that_fails_is_counted_and_never_scored(recipe, monkeypatch, error):
    monkeypatch.setattr(Scripted, "breaks_at", 1)
    monkeypatch.setattr(Scripted, "error", error)
    lines, rows = run_attacks(recipe, SCRIPTED)
    failed = [row for row in rows if row.error]
    assert [(row.model, row.budget, row.error) for row in failed] == [
        ("frozen", level, type(error).__name__) for level in (1, 2)
    ]
    assert all(row.action is None for row in failed)
    assert [(line["n"], line["errors"]) for line in lines if line["model"] == "frozen"] == [(1, 1), (1, 1)]


def test_a_failure_of_ours_says_why_and_what_the_user_has_to_mend_stops(recipe, monkeypatch):
    monkeypatch.setattr(Scripted, "breaks_at", 1)
    monkeypatch.setattr(Scripted, "error", ModelError("This adapter is no LoRA."))
    _, rows = run_attacks(recipe, SCRIPTED)
    assert {row.error for row in rows} == {None, "This adapter is no LoRA."}
    monkeypatch.setattr(Scripted, "batches", 0)
    monkeypatch.setattr(Scripted, "error", DataError("No training rows."))
    with pytest.raises(DataError, match="No training rows"):
        run_attacks(recipe, SCRIPTED)


def test_an_attack_that_cannot_be_made_has_failed_on_every_case(recipe, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(Scripted, "__init__", broken)
    lines, rows = run_attacks(recipe, SCRIPTED)
    assert {row.error for row in rows} == {"RuntimeError"}
    assert {(line["n"], line["rate"], line["errors"]) for line in lines} == {(0, None, 2)}


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_an_attack_that_is_cut_off_goes_on_to_identical_rows(recipe, monkeypatch, cut):
    undisturbed = run_attacks(recipe, SCRIPTED)
    folder = Run(load(recipe).run).evaluation
    shutil.rmtree(folder)
    monkeypatch.setattr(Scripted, "batches", 0)
    monkeypatch.setattr(Scripted, "breaks_at", cut)
    monkeypatch.setattr(Scripted, "error", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_attacks(recipe, SCRIPTED)
    monkeypatch.setattr(Scripted, "breaks_at", 0)
    monkeypatch.setattr(Scripted, "batches", 0)
    assert run_attacks(recipe, SCRIPTED) == undisturbed
    assert Scripted.batches == 4 - cut + 1
    assert [path.name for path in folder.iterdir()] == ["attacks.jsonl"]


def test_attempts_of_another_budget_are_not_gone_on_from(recipe, monkeypatch):
    monkeypatch.setattr(Scripted, "breaks_at", 3)
    monkeypatch.setattr(Scripted, "error", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_attacks(recipe, SCRIPTED)
    _, rows = run_attacks(recipe, {**SCRIPTED, "budget": [2]})
    assert {row.budget for row in rows} == {2}


def test_nothing_is_tried_where_an_attack_or_an_option_is_unknown(recipe):
    with pytest.raises(RecipeError, match=r"Unknown attack 'prefil'. Did you mean 'prefill'"):
        run_attacks(recipe, SCRIPTED, {"name": "prefil"})
    with pytest.raises(RecipeError, match=r"Attack embedding: its options(?s:.)*Unknown field 'stepp'"):
        run_attacks(recipe, SCRIPTED, {"name": "embedding", "options": {"stepp": 1}})
    assert Scripted.batches == 0


@pytest.mark.parametrize(
    ("attacks", "message"),
    [
        ([SCRIPTED, SCRIPTED], "two attacks are called 'scripted'"),
        ([{**SCRIPTED, "budget": [2, 1]}], "are to rise"),
        ([{**SCRIPTED, "budget": [-1]}], "greater than or equal to 0"),
    ],
)
def test_a_section_that_cannot_be_meant_is_an_error_of_the_recipe(recipe, attacks, message):
    with pytest.raises(RecipeError, match=message):
        run_attacks(recipe, *attacks)


def test_without_attacks_or_hijacked_cases_nothing_is_written(recipe):
    assert run_attacks(recipe) == ([], [])
    holdout = Run(load(recipe).run).dataset / "holdout.jsonl"
    write_models(holdout, [row for row in read_models(holdout, Example) if row.trace is not Trace.HIJACKED])
    assert run_attacks(recipe, SCRIPTED) == ([], [])
    assert Scripted.batches == 0


def test_an_evaluation_has_them_in_its_summary(recipe):
    loaded = load(recipe, [f"evaluate.attacks={json.dumps([SCRIPTED])}"])
    run = Run(loaded.run)
    summary = evaluate(loaded, run, Console(file=io.StringIO()))
    assert summary["attacks"] == read_json(run.summary)["attacks"] == run_attacks(recipe, SCRIPTED)[0]
    assert len(summary["attacks"]) == 4


def test_attacks_that_are_done_are_not_tried_again_when_what_follows_is_cut_off(recipe, monkeypatch):
    loaded = load(recipe, [f"evaluate.attacks={json.dumps([SCRIPTED])}"])
    run, console = Run(loaded.run), Console(file=io.StringIO())
    with monkeypatch.context() as cut:
        cut.setattr("switchgear.evaluation.evaluate.battery", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            evaluate(loaded, run, console)
    tried = Scripted.batches
    assert evaluate(loaded, run, console)["attacks"]
    assert Scripted.batches == tried > 0
    assert not list(run.evaluation.glob("*.partial.jsonl"))


def test_the_shipped_attacks_are_tried_for_real(recipe):
    shipped = [
        {"name": "prefill", "budget": [0, 2]},
        {"name": "embedding", "budget": [0, 1], "mode": "prefilled", "options": {"restarts": 2}},
    ]
    lines, rows = run_attacks(recipe, *shipped)
    assert {row.error for row in rows} == {None}
    assert [line["attempts"] for line in lines if line["attack"] == "embedding"] == [1, 2] * 4
    assert [line["n"] for line in lines if line["attack"] == "embedding"] == [4, 2] * 4
