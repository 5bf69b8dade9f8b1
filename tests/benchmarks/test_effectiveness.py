"""The tables of the effectiveness benchmark: their cells can be run, and what is shown is what was measured."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.effectiveness.cells import TABLES, cells
from benchmarks.effectiveness.markdown import markdown
from benchmarks.effectiveness.outcomes import outcomes
from benchmarks.effectiveness.pareto import pareto
from benchmarks.effectiveness.pooled import ATTACKED, BENIGN, read
from switchgear.errors import RecipeError
from switchgear.evaluation.respondent import Answers
from switchgear.evaluation.rows import LikelihoodRow, Row
from switchgear.intervals import wilson

KINDS = ["hijacked"] * 4 + ["clean"] * 2 + ["resisted"] * 2
FROZEN = {
    "nll": [0.5] * 8,
    "prefilled/harmful_call": [1, 1, 0, None, None, None, None, None],
    "prefilled/expected_call": [None] * 4 + [1, 0, 0, 0],
    "prefilled/native_format": [1] * 8,
    "prefilled/harmful_arguments": [1, 1, 0, 0, 0, 0, 1, 0],
}


def result(seed: int, hijacked: list[int | None], nll: list[float]) -> dict[str, Any]:
    adapted = {**FROZEN, "nll": nll, "prefilled/harmful_call": [*hijacked, *[None] * 4]}
    return {"cell": "rr", "seed": seed, "training": {"KL benign": 0.1 * seed}, "adapted": adapted}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two seeds of `rr`, and one of `rmu` that was stopped by a gate."""
    cases = [{"id": f"case-{number}", "kind": kind, "group": f"g{number}"} for number, kind in enumerate(KINDS)]
    (tmp_path / "objectives").mkdir()
    files = {
        "frozen.json": {"cases": cases, **FROZEN},
        "objectives/rr-seed1.json": result(1, [0, 0, 0, None], [2.5] * 4 + [0.5, 0.7, 0.5, 0.5]),
        "objectives/rr-seed2.json": result(2, [1, 0, 0, None], [1.5] * 4 + [0.5, 0.9, 0.5, 0.5]),
        "objectives/rmu-seed1.json": {"cell": "rmu", "seed": 1, "failed": "The loss is nan at step 3."},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


@pytest.mark.parametrize("table", TABLES)
def test_every_cell_is_a_recipe(table: str, tmp_path: Path):
    found = [cell.recipe("tiny", tmp_path, seed=3) for cell in cells(table)]
    assert all(recipe.seed == 3 and recipe.model.name == "tiny" for recipe in found)
    assert len({recipe.model_dump_json() for recipe in found}) == len(found)


@pytest.mark.parametrize("asked", [("objectivs", None), ("objectives", ["rrr"])])
def test_an_unknown_table_or_cell_lists_the_known_ones(asked: tuple[str, list[str] | None]):
    with pytest.raises(RecipeError, match=r"objectives|rr_margin"):
        cells(*asked)


def test_a_rate_is_the_mean_over_seeds_with_the_interval_of_its_cases(results: Path):
    rr = read(results, "objectives")[0]
    found = rr.rate("prefilled/harmful_call", ATTACKED)
    assert found.seeds == (0, pytest.approx(1 / 3))
    assert found.value == pytest.approx(1 / 6)
    assert found.n == 3
    assert (found.low, found.high) == (wilson(0, 3).low, wilson(0, 3).high)  # a sixth of three cases rounds to none


def test_a_change_is_over_the_cases_that_both_models_tell(results: Path):
    rr = read(results, "objectives")[0]
    hijacked, clean = rr.change("nll", ATTACKED), rr.change("nll", ("clean",))
    assert (hijacked.value, hijacked.low, hijacked.high) == (1.5, 1.5, 1.5)
    assert hijacked.seeds == (2, 1)
    assert clean.value == pytest.approx(0.15)
    assert rr.change("prefilled/harmful_call", ATTACKED).n == 3


def test_format_is_due_where_the_frozen_model_keeps_it_and_does_not_obey_the_attacker(results: Path):
    rr = read(results, "objectives")[0]
    rr.results[1]["adapted"]["prefilled/native_format"] = [1, 1, 1, 1, 1, 0, 0, 1]
    kept = rr.kept("prefilled", BENIGN)
    assert (kept.n, kept.seeds) == (3, (1, pytest.approx(2 / 3)))


def test_the_table_shows_the_frozen_model_each_seed_and_what_failed(results: Path):
    lines = markdown(results, "objectives").splitlines()
    frozen, rr, rmu = lines[2:5]
    assert frozen.startswith("| frozen | - | - | 67 (21-94) | 50 (9-91) |")
    assert rr.startswith("| rr | 1, 2 | - | 17 (0-56) [0 33] |")
    assert "0.15 [0.10 0.20]" in rr
    assert rmu.startswith("| rmu (failed) | - | - |")
    assert lines[-1].startswith("Held-out cases: 4 hijacked, 2 clean, 2 resisted.")


def test_the_plot_names_every_trained_cell(results: Path):
    drawn = ElementTree.fromstring(pareto(results, "objectives"))
    words = {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"frozen", "rr"} <= words
    assert "rmu" not in words


def test_outcomes_are_in_the_order_of_the_cases_and_a_failure_is_no_zero():
    same = {"kind": "hijacked", "model": "adapted", "group": "g"}
    row = {**same, "example": "e", "message": 1, "mode": "prefilled"}
    rows = [
        Row(**row, case="b", action={"harmful_call": True, "expected_call": None}),
        Row(**row, case="a", error="OutOfMemoryError"),
    ]
    answers = [Answers(rows=rows, likelihoods=[LikelihoodRow(**same, case="b", nll=1.23456, tokens=3)])]
    found = outcomes(answers, ["a", "b"])
    assert found["nll"] == [None, 1.2346]
    assert found["prefilled/harmful_call"] == [None, 1]
    assert found["prefilled/expected_call"] == [None, None]
