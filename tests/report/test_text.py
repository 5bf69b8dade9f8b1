import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.report.text import (
    comparator,
    duration,
    interval,
    number,
    p_value,
    percent,
    points,
    signed,
    title,
    told_apart,
    visible,
)


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("pay\u202eecila", "pay⟨U+202E⟩ecila"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("line\nnext\tcell é 漢", "line\nnext\tcell é 漢"),
    ],
)
def test_characters_that_hide_or_reorder_text_are_written_out(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


@given(st.text())
def test_visible_text_can_always_be_written_as_utf8_and_is_stable(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert visible(shown) == shown


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, "text", True])
def test_what_is_not_a_number_is_no_data_and_never_a_zero(nothing: object) -> None:
    assert {number(nothing), signed(nothing), percent(nothing), points(nothing)} == {"no data"}
    assert interval({"low": nothing, "high": 1.0}) == "no data"
    assert p_value(nothing) == ""


def test_numbers_as_they_are_written() -> None:
    assert (percent(0.942), percent(1.0), percent(0.0)) == ("94.2%", "100%", "0%")
    assert (points(-0.925), points(0.03), points(0.0)) == ("−92.5 points", "+3 points", "0 points")
    assert interval({"low": 0.005, "high": 0.059}) == "0.5–5.9%"
    assert (number(0.12345), number(-3.0), number(18211)) == ("0.123", "−3", "18,211")
    assert (p_value(0.00004), p_value(0.31)) == ("p\u00a0<\u00a00.001", "p\u00a0=\u00a00.310")
    assert (comparator(">= -3 pts"), comparator("<= 5%"), comparator(None)) == ("≥ −3 pts", "≤ 5%", "")
    assert (duration(531.1), duration(11), duration(7260), duration(None)) == (
        "8 min 51 s",
        "11 s",
        "2 h 1 min",
        "no data",
    )
    assert title("attack_success") == "Attack success"


def test_paths_lose_the_folders_that_all_begin_with_and_never_their_names() -> None:
    assert told_apart([("runs", "a", "demo"), ("runs", "b", "demo")]) == ["a/demo", "b/demo"]
    assert told_apart([("runs", "demo")]) == ["demo"]
    assert told_apart([("demo",), ("runs", "demo")]) == ["demo", "runs/demo"]
    assert told_apart([]) == []
