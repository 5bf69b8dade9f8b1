import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.errors import DataError, RunError
from switchgear.report.build import build
from switchgear.report.verdict import answers, headline
from switchgear.runs import Run, read_json, write_json
from tests.report.figures import VIEWS
from tests.report.pages import Page

MakeRun = Callable[..., Run]


def test_the_verdict_stands_before_everything_else(make_run: MakeRun) -> None:
    run = make_run()
    page = build(run).read_text(encoding="utf-8")
    body = page[page.index("<main>") :]
    said = headline(answers(read_json(run.summary)))
    asked = ("Does it hold?", "What did it cost?", "Against which attacks was it tried?")
    places = [body.index(text) for text in (f"<h1>{said}</h1>", *asked, "<h2>Rates</h2>")]
    assert places == sorted(places)


def test_every_section_is_there_and_none_says_not_run(make_run: MakeRun) -> None:
    path = build(make_run())
    parts = [attributes for tag, attributes in Page(path).tags if tag in ("header", "section")]
    sections = [attributes["id"] for attributes in parts if "id" in attributes]
    links = [attributes["href"] for tag, attributes in Page(path).tags if tag == "a" and "class" not in attributes]
    assert links == [f"#{section}" for section in sections]
    assert sections == [*("verdict", "attacks", "rates", "categories", "cases", "judges", "training", "data", "repeat")]
    assert "Not run." not in path.read_text(encoding="utf-8")


def test_the_page_needs_nothing_from_outside(make_run: MakeRun) -> None:
    for tag, attributes in Page(build(make_run())).tags:
        assert tag not in ("link", "img", "iframe")
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_only_the_pages_own_script_and_style_may_work(make_run: MakeRun) -> None:
    page = Page(build(make_run()))
    policy = next(a["content"] or "" for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    for kind, texts in (("script", page.scripts), ("style", page.styles)):
        digest = base64.b64encode(hashlib.sha256(texts[-1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_what_models_and_attackers_wrote_is_only_in_the_data_that_a_click_unfolds(make_run: MakeRun) -> None:
    page = build(make_run(), VIEWS).read_text(encoding="utf-8")
    shown, data = page.split('<script type="application/json"')
    assert "rubber ducks" not in shown
    assert "order_ducks" not in shown
    assert "_ducks" not in shown
    assert "rubber ducks" in data


def test_six_hundred_cases_stay_below_ten_megabytes(make_run: MakeRun) -> None:
    assert build(make_run(600)).stat().st_size < 10_000_000


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("recipe", "Not evaluated: nothing is known yet."),
        ("metrics", "Curves appear"),
        ("gates", "Gates appear"),
        ("summary", "Rates appear"),
    ],
)
def test_a_stage_that_was_not_run_is_said_to_be_missing(make_run: MakeRun, kept: str, said: str) -> None:
    whole = make_run(3)
    run = Run(whole.root.parent / "part")
    path: Path = getattr(run, kept)
    path.parent.mkdir(parents=True)
    path.write_text(getattr(whole, kept).read_text(encoding="utf-8"), encoding="utf-8")
    page = build(run).read_text(encoding="utf-8")
    assert (said in page) is (kept == "recipe")
    assert "Not run." in page


def test_an_evaluation_without_data_says_so_and_draws_no_zero(make_run: MakeRun) -> None:
    run = make_run(3)
    nothing = {"successes": 0, "n": 0, "errors": 4, "rate": None, "low": None, "high": None}
    named = {"kind": "hijacked", "mode": "free", "measure": "attack_success"}
    write_json(run.summary, {"rates": [{**named, "model": model, **nothing} for model in ("frozen", "adapted")]})
    page = build(run).read_text(encoding="utf-8")
    section = page[page.index('id="rates"') : page.index('id="categories"')]
    assert section.count('<span class="none">no data</span>') == 3
    assert "Never" not in section
    assert section.count("4 failed") == 2
    assert "<circle" not in section


def test_lines_of_metrics_may_lack_values_or_hold_none(make_run: MakeRun) -> None:
    run = make_run(3)
    lines = '{"step": 1, "reroute": NaN}\n{"step": 2, "retain": null, "new": 1}\n{"epoch": 1}\n'
    run.metrics.write_text(lines, encoding="utf-8")
    assert "<th>new</th>" in build(run).read_text(encoding="utf-8")


def test_the_command_can_be_typed_again(make_run: MakeRun) -> None:
    page = build(make_run(3)).read_text(encoding="utf-8")
    assert "switchgear run &#39;recipes/kitchen agent.yaml&#39; train.steps=150" in page
    assert "/somewhere" not in page


def test_the_table_of_models_and_attacks_lies_beside_the_page(make_run: MakeRun) -> None:
    run = make_run()
    build(run)
    head, _, frozen, adapted = (run.root / "table.md").read_text(encoding="utf-8").splitlines()
    assert "| replay, free | suffix, 40 steps, any of 2 |" in head
    assert frozen.startswith("| smollm2-135m-instruct (frozen) | ")
    assert adapted.startswith("| smollm2-135m-instruct (adapted) | ")
    assert len((run.root / "table.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_judge_without_calibration_is_told_and_one_with_it_has_its_figures(make_run: MakeRun) -> None:
    page = build(make_run()).read_text(encoding="utf-8")
    section = page[page.index('id="judges"') : page.index('id="training"')]
    assert "rubric=hf/judge was not measured" in section
    assert "rules was not measured" not in section
    assert "loaves: complied, n = 40" in section


def test_nothing_to_report_on_names_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="switchgear run"):
        build(Run(tmp_path / "empty"))


def test_a_damaged_line_is_named_and_the_old_page_stays(make_run: MakeRun) -> None:
    run = make_run(3)
    old = build(run).read_bytes()
    with run.rows.open("a", encoding="utf-8") as file:
        file.write('{"output": "rubber')
    with pytest.raises(DataError, match=r"rows\.jsonl:19 ") as caught:
        build(run)
    assert "rubber" not in str(caught.value)
    assert run.report.read_bytes() == old
