import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from switchgear.errors import DataError, RunError
from switchgear.report.build import build
from switchgear.report.verdict import headline
from switchgear.runs import Run, read_json, write_json

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\u202egnp.exe\u2069\ud800\"'"


class Page(HTMLParser):
    """Elements, attributes, and the text of scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts.append(data)


MakeRun = Callable[..., Run]


def test_the_verdict_stands_before_everything_else(make_run: MakeRun) -> None:
    run = make_run()
    page = build(run).read_text(encoding="utf-8")
    body = page[page.index("<main>") :]
    said = headline(read_json(run.summary)["verdict"])
    places = [body.index(text) for text in (f"<h1>{said}</h1>", "Does it hold?", "What did it cost?", "Rates")]
    assert places == sorted(places)


def test_every_section_is_there_and_none_says_not_run(make_run: MakeRun) -> None:
    path = build(make_run())
    sections = [attributes["id"] for tag, attributes in Page(path).tags if tag in ("header", "section")]
    assert sections == ["verdict", "rates", "categories", "likelihood", "training", "gates", "cases", "data", "recipe"]
    assert "Not run." not in path.read_text(encoding="utf-8")


def test_the_page_needs_nothing_from_outside(make_run: MakeRun) -> None:
    for tag, attributes in Page(build(make_run())).tags:
        assert tag not in ("link", "img", "iframe")
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_only_the_pages_own_script_may_run(make_run: MakeRun) -> None:
    page = Page(build(make_run()))
    policy = next(a["content"] or "" for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.scripts[-1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_hostile_text_stays_text(make_run: MakeRun) -> None:
    run = make_run(6)
    before = Page(build(run))
    hostile = dict.fromkeys(("case", "suite", "family", "category", "opening", "output", "error"), HOSTILE)
    lines = [json.loads(line) | hostile for line in run.rows.read_text(encoding="utf-8").splitlines()]
    run.rows.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    summary = read_json(run.summary)
    summary["notes"] = [HOSTILE]
    summary["categories"][0]["category"] = HOSTILE
    run.summary.write_text(json.dumps(summary), encoding="utf-8")
    with run.recipe.open("a", encoding="utf-8") as file:
        file.write("# </pre><script>alert(1)</script>")
    after = Page(build(run))
    assert {tag for tag, _ in after.tags} == {tag for tag, _ in before.tags}
    assert sum(tag == "script" for tag, _ in after.tags) == 2
    assert not any(name.startswith("on") for _, attributes in after.tags for name in attributes)
    text = run.report.read_text(encoding="utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    case = json.loads(after.scripts[0])["cases"][0]
    assert case["adapted"]["output"].startswith("</script><script>alert(1)")
    assert "⟨U+202E⟩gnp.exe⟨U+2069⟩⟨U+D800⟩" in case["adapted"]["output"]


def test_what_models_and_attackers_wrote_is_only_in_the_data_that_a_click_unfolds(make_run: MakeRun) -> None:
    page = build(make_run()).read_text(encoding="utf-8")
    shown, data = page.split('<script type="application/json"')
    assert "rubber ducks" not in shown
    assert "order_ducks" not in shown
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
