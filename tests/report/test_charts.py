"""A known point lands at the known coordinate."""

import math
import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from switchgear.report.charts.intervals import difference_chart, interval_chart, share_chart, single_chart
from switchgear.report.charts.lines import BOTTOM, LEFT, RIGHT, TOP, line_chart
from switchgear.report.charts.pareto import front, pareto_chart
from switchgear.report.charts.svg import ticks


def marks(svg: str, kind: str) -> list[dict[str, str]]:
    return [element.attrib for element in ElementTree.fromstring(svg).iter() if element.get("class") == kind]


def test_a_rate_is_a_dot_at_its_per_cent_and_a_band_over_its_interval() -> None:
    rates = {"frozen": {"rate": 0.9, "low": 0.8, "high": 0.95}, "adapted": {"rate": 0.0, "low": 0.0, "high": 0.04}}
    svg = interval_chart(rates)
    (frozen,), (adapted,) = marks(svg, "dot frozen"), marks(svg, "dot adapted")
    assert (frozen["cx"], adapted["cx"]) == ("90.0%", "0.0%")
    (band,) = marks(svg, "band frozen")
    assert (band["x1"], band["x2"]) == ("80.0%", "95.0%")
    assert float(frozen["cy"]) < float(adapted["cy"])


def test_a_model_without_data_gets_no_mark_and_is_said_to_have_none() -> None:
    svg = interval_chart({"frozen": {"rate": None, "low": None, "high": None}, "adapted": None})
    assert not marks(svg, "dot frozen") + marks(svg, "dot adapted")
    assert svg.count("no data, 95% interval no data") == 2


def test_an_aim_is_a_line_at_its_share() -> None:
    (aim,) = marks(interval_chart({}, aim=0.05), "aim")
    assert aim["x1"] == aim["x2"] == "5.0%"


def test_no_difference_lies_in_the_middle() -> None:
    svg = difference_chart(0, -1, 2, reach=4)
    (dot,), (band,) = marks(svg, "dot adapted"), marks(svg, "band adapted")
    assert (dot["cx"], band["x1"], band["x2"]) == ("50.0%", "37.5%", "75.0%")


def test_a_line_runs_from_corner_to_corner() -> None:
    svg = line_chart("Losses", {"reroute": [(0, 1.0), (100, 0.0)]})
    line = marks(svg, "series reroute")[0]
    corners = [tuple(map(float, point.split(","))) for point in line["points"].split()]
    assert corners == [(LEFT, TOP), (RIGHT, BOTTOM)]


def test_each_step_shows_its_own_values() -> None:
    svg = line_chart("Losses", {"reroute": [(0, 1.0), (5, 0.5)], "retain": [(5, 0.25)]})
    by_default, *on_hover = re.findall(r">(step \d[^<]*)<", svg)
    assert on_hover == ["step 0 · reroute 1", "step 5 · reroute 0.5 · retain 0.25"]
    assert by_default == on_hover[-1]


def test_points_that_are_not_finite_are_left_out() -> None:
    svg = line_chart("Losses", {"loss": [(0, 1.0), (5, math.nan), (10, math.inf), (15, 0.5)]})
    assert len(marks(svg, "series loss")[0]["points"].split()) == 2


def test_nothing_logged_is_no_data() -> None:
    assert "no data" in line_chart("Losses", {"reroute": [], "retain": [(0, math.nan)]})


def test_a_band_lies_around_its_line_and_an_event_stands_at_its_place() -> None:
    svg = line_chart("ASR", {"frozen": [(0, 0.5), (10, 1.0)]}, bands={"frozen": [(0, 0.0, 1.0), (10, 0.5, 1.0)]})
    corners = [tuple(map(float, point.split(","))) for point in marks(svg, "area frozen")[0]["points"].split()]
    assert corners == [(LEFT, TOP), (RIGHT, TOP), (RIGHT, (TOP + BOTTOM) / 2), (LEFT, BOTTOM)]
    (event,) = marks(line_chart("Losses", {"loss": [(0, 1.0), (10, 0.0)]}, event=(5, "turns")), "aim")
    assert float(event["x1"]) == (LEFT + RIGHT) / 2


def test_parts_of_a_bar_follow_one_another() -> None:
    svg = share_chart({"complied": 1, "refused": 3})
    (first,), (second,) = marks(svg, "complied"), marks(svg, "refused")
    assert (first["x"], first["width"], second["x"], second["width"]) == ("0.0%", "25.0%", "25.0%", "75.0%")


def test_one_model_without_a_rate_gets_no_dot() -> None:
    assert not marks(single_chart("adapted", {"rate": None}), "dot adapted")
    assert marks(single_chart("adapted", {"rate": 0.5}), "dot adapted")[0]["cx"] == "50.0%"


def placed(number: int, attack: float, loss: float) -> dict[str, object]:
    rates = {"attack": {"rate": attack}, "loss": {"rate": loss}, "before": {"rate": 0.9}}
    return {"number": number, "name": f"run {number}", **rates}


def test_the_front_holds_what_no_other_run_beats_on_both_counts() -> None:
    runs = [placed(1, 0.5, 0.0), placed(2, 0.1, 0.2), placed(3, 0.5, 0.3), placed(4, 0.2, 0.1)]
    assert [run["number"] for run in front(runs)] == [2, 4, 1]


def test_runs_at_one_place_share_a_dot_and_frozen_models_are_rings() -> None:
    svg = pareto_chart([placed(1, 0.5, 0.1), placed(2, 0.5, 0.1), placed(3, 0.0, 0.2)])
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.get("class") == "middle inside"]
    assert texts == ["1 2", "3"]
    assert len(marks(svg, "dot frozen")) == 1
    assert "no data" in pareto_chart([{"number": 1, "name": "a", "attack": {}, "loss": {}, "before": {}}])


def test_labels_are_escaped() -> None:
    svg = line_chart("<script>", {'"><script>': [(0, 1.0)]})
    assert "<script>" not in svg
    ElementTree.fromstring(svg)


@given(st.floats(-1e9, 0), st.floats(0, 1e9))
def test_ticks_are_few_rise_and_enclose_the_data(low: float, high: float) -> None:
    found = ticks(low, high)
    slack = 1e-6 * (high - low) + 1e-12
    assert found[0] <= low + slack
    assert found[-1] >= high - slack
    assert found == sorted(set(found))
    assert 2 <= len(found) <= 8
