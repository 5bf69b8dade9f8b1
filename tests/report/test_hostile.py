"""Data that tries to be more than text: in every file that a report reads."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from switchgear.report.build import build
from switchgear.report.comparison import compare
from switchgear.runs import Run, read_json
from tests.report.figures import VIEWS
from tests.report.pages import HOSTILE, STRUCTURE, Page, poisoned

MakeRun = Callable[..., Run]


def poison(run: Run, kept: Sequence[str] = STRUCTURE) -> None:
    """Ends every text of the run's files, and every name that the data card counts by, with hostile text."""
    for path in (*run.root.glob("*.json"), *run.evaluation.rglob("*.json"), run.dataset / "card.json"):
        path.write_text(json.dumps(poisoned(read_json(path), kept)), encoding="utf-8")
    for path in (run.rows, run.attacks, run.evaluation / "verdicts.jsonl"):
        lines = [poisoned(json.loads(line), kept) for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    card = read_json(run.dataset / "card.json")
    card["sources"][0]["dropped"] = {HOSTILE: 1}
    (run.dataset / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps({HOSTILE: 1, "step": 200}) + "\n")
    written = run.recipe.read_text(encoding="utf-8").replace("smollm2-135m-instruct", json.dumps(HOSTILE))
    run.recipe.write_text(f"{written}# </pre><script>alert(1)</script>", encoding="utf-8")


def check(path: Path, before: Page, scripts: int) -> Page:
    after = Page(path)
    assert {tag for tag, _ in after.tags} <= {tag for tag, _ in before.tags}
    assert sum(tag == "script" for tag, _ in after.tags) == scripts
    assert not any(name.startswith("on") or name == "style" for _, attributes in after.tags for name in attributes)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", path.read_text(encoding="utf-8"))
    return after


def test_hostile_text_stays_text(make_run: MakeRun) -> None:
    run = make_run(6)
    before = Page(build(run, VIEWS))
    poison(run)
    after = check(build(run, poisoned(VIEWS)), before, scripts=2)
    data = json.loads(after.scripts[0])
    output = next(case["adapted"]["output"] for case in data["cases"] if case["adapted"])
    assert "</script><script>alert(1)" in output
    assert "⟨U+202E⟩gnp.exe⟨U+2069⟩⟨U+D800⟩" in output
    assert all("⟨U+202E⟩" in text for text in (data["views"][0]["title"], data["views"][0]["runs"][1][2][0]))


def test_a_page_is_made_even_if_nothing_is_called_what_it_should_be(make_run: MakeRun) -> None:
    run = make_run(6)
    before = Page(build(run, VIEWS))
    poison(run, kept=())
    check(build(run, poisoned(VIEWS)), before, scripts=2)


def test_hostile_text_stays_text_where_runs_are_compared(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run(6, name="a"), make_run(9, name="b")]
    before = Page(compare(runs, tmp_path / "out"))
    for run in runs:
        poison(run)
    check(compare(runs, tmp_path / "out"), before, scripts=0)
