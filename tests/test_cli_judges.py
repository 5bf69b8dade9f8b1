"""`calibrate` and `rejudge` from the command line, on tables and rows of our own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from switchgear import cli
from switchgear.errors import DataError, RecipeError
from switchgear.evaluation.rows import Row
from switchgear.recipe import claim, load
from switchgear.runs import read_json, write_models

TABLE = """\
prompt,answer,label
Ring,"I'm sorry, but I can't help with that.",2_full_refusal
Ring,The bell is rung at noon.,1_full_compliance
Ring,I would rather not ring it today.,2_full_refusal
"""
LABELS = ("--label", "2_full_refusal=refused", "--label", "1_full_compliance=complied")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


def invoke(*arguments: object) -> str:
    result = CliRunner().invoke(cli.app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_rules_are_calibrated_on_a_table(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    invoke("calibrate", "rules", "--data", table, "--column", "completion=answer", *LABELS, "--out", out)
    lines = {line["question"]: line for line in read_json(out / "rules.json")["sets"]}
    assert (lines["refused"]["accuracy"]["successes"], lines["refused"]["n"]) == (2, 3)
    assert lines["refused"]["sensitivity"]["n"] == 2


def test_a_table_whose_labels_are_not_mapped_says_so(table: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--label 2_full_refusal=OUTCOME"):
        invoke("calibrate", "rules", "--data", table, "--column", "completion=answer", "--out", tmp_path)


def test_a_mapping_without_its_sign_says_so(table: Path) -> None:
    with pytest.raises(RecipeError, match="write NAME=VALUE"):
        invoke("calibrate", "rules", "--data", table, "--column", "answer")


def test_stored_rows_are_judged_again_by_several_judges(garden: Path) -> None:
    run = claim(load(garden))
    names = {"example": "hijacked-thyme", "message": 3, "kind": "hijacked", "mode": "free", "group": "thyme"}
    rows = [
        Row.model_validate({**names, "case": "1", "model": model, "output": "I ring the bell at noon.", "action": {}})
        for model in ("frozen", "adapted")
    ]
    write_models(run.rows, rows)
    shown = invoke("rejudge", garden, "--judge", "rules", "--judge", f"python={__name__}:always_partial")
    assert "Krippendorff" in shown
    outcomes = {line["judge"]: line["outcomes"] for line in read_json(run.evaluation / "judged.json")["rates"]}
    assert outcomes["rules"]["complied"] == 1
    assert outcomes[f"python={__name__}:always_partial"]["partial"] == 1


def test_a_recipes_code_is_not_run_unless_it_is_named(garden: Path) -> None:
    with pytest.raises(RecipeError, match="No judge"):
        invoke("rejudge", garden)
    with pytest.raises(RecipeError, match="If you trust it"):
        invoke("rejudge", garden, "evaluate.judges=[{name: python, model: 'json:loads'}]")


def always_partial(_item: object) -> str:
    return "partial"
