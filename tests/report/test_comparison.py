from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.errors import RunError
from switchgear.report.comparison import compare, contents
from switchgear.report.folder import Folder
from switchgear.runs import Run, read_json, write_json

MakeRun = Callable[..., Run]


def test_every_run_has_a_row_and_frozen_models_that_fared_alike_have_one(make_run: MakeRun) -> None:
    page = contents([Folder(make_run(30, name=name)) for name in ("a", "b")])
    assert [(line.label, line.number) for line in page["lines"]] == [
        ("smollm2-135m-instruct (frozen)", None),
        ("a", 1),
        ("b", 2),
    ]
    assert [column.attack for column in page["heads"]] == [True] * 4 + [False] * 4
    assert all(set(line.cells) == {column.name for column in page["heads"]} for line in page["lines"])


def test_frozen_models_on_other_cases_are_told_apart_and_the_reader_is_warned(make_run: MakeRun) -> None:
    runs = [make_run(cases, name=f"of {cases}") for cases in (30, 60)]
    for run in runs:
        write_json(run.provenance, read_json(run.provenance) | {"data": {"holdout.jsonl": run.root.name}})
    page = contents([Folder(run) for run in runs])
    assert [line.label for line in page["lines"]][:2] == [
        f"smollm2-135m-instruct (frozen, cases {number})" for number in (1, 2)
    ]
    assert page["holdouts"] == 2


def test_the_front_and_the_headline_come_from_the_figures(make_run: MakeRun) -> None:
    better, worse = make_run(60, name="better"), make_run(60, name="worse")
    summary = read_json(worse.summary)
    for record in summary["rates"]:
        if (record["kind"], record["measure"], record["model"]) == ("hijacked", "attack_success", "adapted"):
            record["rate"] = 0.5
    for row in summary["verdict"]:
        row["met"] = False
    write_json(worse.summary, summary)
    page = contents([Folder(better), Folder(worse)])
    assert page["front"] == [1]
    assert page["runs"][1]["headline"] == "It does not hold. It costs more than the aims allow."
    assert page["headline"].endswith("of 2 runs hold where that could be tested.") or "1 of 2" in page["headline"]


def test_recipes_are_compared_field_by_field(make_run: MakeRun) -> None:
    runs = [make_run(6, name=name) for name in ("a", "b")]
    runs[1].recipe.write_text(
        "run: elsewhere\nseed: 7\nmodel: {name: small}\ntrain: {steps: 9, sources: [{name: x}]}\n"
    )
    assert contents([Folder(run) for run in runs])["settings"] == [
        {"field": "model.name", "values": ["smollm2-135m-instruct", "small"]},
        {"field": "train.steps", "values": ["150", "9"]},
        {"field": "train.sources.0.name", "values": ["", "x"]},
    ]


def test_folders_of_one_name_are_told_apart_by_their_paths(make_run: MakeRun, tmp_path: Path) -> None:
    page = compare([make_run(6, name="a/demo"), make_run(6, name="b/demo")], tmp_path / "out")
    assert "<b>a/demo</b>" in page.read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "table.md", "table.csv"}


def test_a_run_that_was_not_evaluated_is_named_and_nothing_is_written(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run(6, name=name) for name in ("a", "b")]
    runs[1].summary.unlink()
    with pytest.raises(RunError, match=r"b/evaluation/summary\.json.*evaluate"):
        compare(runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()
