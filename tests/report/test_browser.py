"""The pages in a real browser: Debian's Chromium, driven by Playwright. Skipped where either is missing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from switchgear.report.build import build
from switchgear.report.comparison import compare
from tests.report.answers import ATTACK
from tests.report.figures import VIEWS
from tests.report.kitchen import write_run
from tests.report.pages import poisoned
from tests.report.test_hostile import poison

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")
DESKTOP, PHONE = (1280, "light"), (390, "dark")
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report, one of hostile data, and a comparison of both runs."""
    root = tmp_path_factory.mktemp("runs")
    plain, hostile = (write_run(root / name, 30) for name in ("plain", "hostile"))
    poison(hostile)
    return {
        "plain": build(plain, VIEWS),
        "hostile": build(hostile, poisoned(VIEWS)),
        "comparison": compare([plain, hostile], root / "comparison"),
    }


@pytest.fixture
def opened(browser: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Opens a page; whatever the browser complains about, asks, or fetches besides the file fails the test."""
    heard: list[str] = []

    def visit(name: str, size: tuple[int, str] = DESKTOP) -> Any:
        page = browser.new_page(viewport={"width": size[0], "height": 900}, color_scheme=size[1])
        page.set_default_timeout(30_000)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
        address = pages[name].as_uri()
        page.on("request", lambda request: heard.append(request.url) if request.url != address else None)
        page.goto(address)
        return page

    yield visit
    for context in browser.contexts:
        context.close()
    assert heard == []


def choice(page: Any, name: str) -> Any:
    return page.locator(f"select[name={name}]")


def unfold(page: Any) -> None:
    """Opens every fold, those inside others too: they are there once the outer one is open."""
    while page.evaluate(
        "[...document.querySelectorAll('details:not([open])')].map((fold) => (fold.open = true)).length"
    ):
        page.wait_for_timeout(50)


def shown(page: Any) -> list[str]:
    return [case.inner_text() for case in page.locator("#list > details > summary").all()]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("name", ["plain", "hostile", "comparison"])
def test_a_page_opens_without_a_complaint_and_fits_its_window(opened: Open, name: str, size: tuple[int, str]) -> None:
    page = opened(name, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    playwright.expect(page.locator("h1")).to_be_visible()


def test_filters_choose_cases_and_count_them(opened: Open) -> None:
    page = opened("plain")
    everything = page.locator("#found").inner_text()
    choice(page, "outcomes").select_option("tripped")
    assert shown(page)
    assert all("tripped" in case for case in shown(page))
    assert page.locator("#found").inner_text() != everything
    choice(page, "attack").select_option("suffix")
    assert all("hijacked, free" in case for case in shown(page))
    page.locator("input[name=id]").fill("nothing is called this")
    assert shown(page) == []
    page.locator("input[name=id]").fill("")
    choice(page, "attack").select_option("")
    choice(page, "outcomes").select_option("")
    assert page.locator("#found").inner_text() == everything


def test_cases_that_judges_disagree_on_can_be_found(opened: Open) -> None:
    page = opened("plain")
    choice(page, "judges").select_option("judges disagree")
    assert shown(page)
    assert all("judges disagree" in case for case in shown(page))


def test_more_cases_come_when_asked_for(opened: Open) -> None:
    page = opened("plain")
    before = len(shown(page))
    page.locator("#next").click()
    assert len(shown(page)) > before


def test_what_attackers_and_models_wrote_is_hidden_until_it_is_clicked(opened: Open) -> None:
    page = opened("plain")
    choice(page, "kind").select_option("hijacked")
    assert ATTACK not in page.content().split("<script", 1)[0]
    case = page.locator("#list > details").first
    case.locator("> summary").click()
    assert page.get_by_text(ATTACK).count() == page.get_by_text("order_ducks").count() == 0
    case.get_by_text("Context:").click()
    playwright.expect(page.locator("mark", has_text=ATTACK)).to_be_visible()
    case.get_by_text("Answers: may hold harmful text").click()
    playwright.expect(case.locator(".answer.frozen")).to_be_visible()
    playwright.expect(case.locator(".answer.adapted")).to_be_visible()


def test_tokens_show_their_spans_and_the_loss_mask_when_unfolded(opened: Open) -> None:
    page = opened("plain")
    assert page.get_by_text("_ducks").count() == 0
    page.locator("#views summary").click()
    rerouted = page.locator(".tokens .span-tool_name.masked i")
    playwright.expect(rerouted).to_have_text(["order", "_ducks"])
    assert page.locator(".tokens .span-turn.masked").count() == 0


def test_the_maps_of_states_are_seen_and_have_their_values_in_tables(opened: Open) -> None:
    page = opened("plain", PHONE)
    for kind in ("Harmful continuations", "Benign conversations"):
        playwright.expect(page.get_by_role("img", name=f"{kind}. Cosine at step 140")).to_be_visible()
    page.get_by_text("The same as tables").click()
    table = page.get_by_role("table", name="Harmful continuations")
    playwright.expect(table.get_by_role("row", name="20 target, trained")).to_contain_text("−0.05")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_hostile_text_does_nothing_even_when_all_is_unfolded(opened: Open) -> None:
    page = opened("hostile", PHONE)
    unfold(page)
    assert page.locator("img").count() == page.locator(".x").count() == 0
    playwright.expect(page.locator("#list")).to_contain_text("<img src=x")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
