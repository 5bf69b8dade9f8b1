"""A known point lands at the known coordinate."""

import math
import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from switchgear.report.charts import BOTTOM, LEFT, RIGHT, TOP, difference_chart, interval_chart, line_chart, ticks


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
