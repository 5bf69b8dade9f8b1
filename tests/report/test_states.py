"""Cosines by state: what is drawn, what the table says, and nothing for runs without."""

import json
import math
from collections.abc import Callable
from xml.etree import ElementTree

from switchgear.report.build import build
from switchgear.report.charts.heat import BOTTOM, LEFT, RIGHT, TOP, heat_map
from switchgear.report.states import MOST_STEPS, state_maps
from switchgear.runs import Run
from tests.report.pages import HOSTILE, Page
from tests.report.test_charts import marks

MakeRun = Callable[..., Run]
MAP = {10.0: {0: 1.0, 1: 0.75}, 20.0: {0: 1.0, 1: -0.2}}


def line(step: float, *cosines: object) -> dict[str, object]:
    return {
        "step": step,
        "cosine_harmful_by_state": list(cosines),
        "target_states": [2],
        "trained_blocks": [0, 1],
    }


def cells(svg: str) -> list[dict[str, str]]:
    return [cell for cell in marks(svg, "cell") if cell["y"] != "4"]  # those above are the legend's


def test_a_state_is_a_row_with_0_at_the_bottom_and_a_step_reaches_back_to_the_one_before() -> None:
    first, second, third, last = cells(heat_map("Harmful", MAP, [], []))
    middle = {"x": (LEFT + RIGHT) / 2, "y": (TOP + BOTTOM) / 2}
    assert (float(first["x"]), float(first["y"])) == (LEFT, middle["y"])
    assert (float(second["x"]), float(second["y"])) == (LEFT, TOP)
    assert (float(third["x"]), float(last["y"])) == (middle["x"], TOP)
    assert float(last["x"]) + float(last["width"]) == RIGHT


def test_colour_is_none_at_1_and_full_from_0_on() -> None:
    assert [cell["fill-opacity"] for cell in cells(heat_map("Harmful", MAP, [], []))] == ["0.0", "0.25", "0.0", "1.0"]


def test_a_cell_tells_its_cosine_and_the_map_what_the_last_step_came_to() -> None:
    root = ElementTree.fromstring(heat_map("Harmful", MAP, [0], []))
    told = [title.text for title in root.iter("title")]
    assert told[1] == "step 10 · state 1 · cosine 0.75"
    spoken = "Harmful. Cosine at step 20: lowest −0.2 at hidden state 1, 1 at target state 0"
    assert root.get("aria-label") == spoken


def test_targets_and_trained_states_are_marked_at_their_height() -> None:
    svg = heat_map("Harmful", MAP, targets=[1, 7], trained=[1, 7])
    (bar, _), (arrow, _) = marks(svg, "trained"), marks(svg, "target")  # the second ones are the legend's
    assert float(bar["y"]) == TOP
    assert float(arrow["points"].split()[0].split(",")[1]) == TOP + (BOTTOM - TOP) / 4


def test_what_is_no_number_is_grey_and_no_step_is_no_data() -> None:
    svg = heat_map("Harmful", {5.0: {0: math.nan, 1: "high"}}, [], [])
    assert len(marks(svg, "cell missing")) == 2
    assert "no data" in svg
    assert "no data" in heat_map("Harmful", {}, [], [])
    assert "no data" in heat_map("Harmful", {0.0: {0: 1.0}}, [], [])


def test_the_table_has_the_uppermost_state_first_and_says_which_are_targets_and_trained() -> None:
    (found,) = state_maps([{"step": 1, "loss": 2.0}, line(2, 1.0, 0.9, 0.5), line(4, 1.0, 0.8)])
    assert found["steps"] == [2, 4]
    assert found["rows"] == [
        {"state": 2, "marks": ["target", "trained"], "cosines": [0.5, None]},
        {"state": 1, "marks": ["trained"], "cosines": [0.9, 0.8]},
        {"state": 0, "marks": [], "cosines": [1.0, 1.0]},
    ]


def test_of_a_long_run_evenly_spaced_steps_are_shown_with_the_last() -> None:
    (found,) = state_maps([line(step, 1.0) for step in range(1, 402)])
    assert len(found["steps"]) <= MOST_STEPS
    assert (found["steps"][-2:], found["steps"][0]) == ([394, 401], 2)


def test_runs_that_logged_none_have_no_map(make_run: MakeRun) -> None:
    run = make_run(3)
    assert 'id="states"' in build(run).read_text(encoding="utf-8")
    kept = [json.loads(text) for text in run.metrics.read_text(encoding="utf-8").splitlines()]
    without = [{name: value for name, value in each.items() if "by_state" not in name} for each in kept]
    run.metrics.write_text("".join(json.dumps(each) + "\n" for each in without), encoding="utf-8")
    page = build(run).read_text(encoding="utf-8")
    assert 'id="states"' not in page
    assert "Retain drift" in page


def test_a_list_is_no_column_of_the_logged_values(make_run: MakeRun) -> None:
    page = build(make_run(3)).read_text(encoding="utf-8")
    assert "by state</th>" not in page
    assert "<th>retain drift</th>" in page


def test_damaged_lists_do_not_break_the_page(make_run: MakeRun) -> None:
    run = make_run(3)
    before = Page(build(run))
    damaged = [line(170, HOSTILE, None, [1], {}), line(160, 1.0), {**line(180, 0.5), "target_states": HOSTILE}]
    damaged += [{**line(190, 0.5), "trained_blocks": [HOSTILE, 10**9, -4]}, {"cosine_benign_by_state": [1]}]
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(each) + "\n" for each in damaged))
    after = Page(build(run))
    assert {tag for tag, _ in after.tags} <= {tag for tag, _ in before.tags}
