from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.labels.patterns import matches
from switchgear.data.sources.bfcl.answers import accepted, first_call, pattern
from switchgear.schema import ToolCall


def call(**arguments: Any) -> ToolCall:
    return ToolCall(name="play", arguments=arguments)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["Bach", "J. S. Bach"], ["Bach", "J. S. Bach"]),
        ([[1, 2], [2, 1]], [[1, 2], [2, 1]]),
        ([{"low": [1, 2], "high": [9]}], [{"low": 1, "high": 9}, {"low": 2, "high": 9}]),
        ([{"low": [1], "unit": ["", "cm"]}], [{"low": 1}, {"low": 1, "unit": "cm"}]),
        (
            [[{"field": ["age"], "value": ["25", 25]}]],
            [[{"field": "age", "value": "25"}], [{"field": "age", "value": 25}]],
        ),
    ],
)
def test_the_values_that_an_answer_accepts(values: list[Any], expected: list[Any]) -> None:
    assert accepted(values) == expected


def test_the_first_call_leaves_out_what_may_be_left_out_unless_the_tool_requires_it() -> None:
    answer = {"artist": ["Bach", "Ravel"], "unit": ["", "s"], "speed": ["", 1.5], "volume": [3, ""]}
    made = first_call("play", answer, ["artist", "speed"], "call_0")
    assert made.arguments == {"artist": "Bach", "speed": 1.5, "volume": 3}


@pytest.mark.parametrize(
    ("made", "right"),
    [
        (call(artist="bach", length=5.0), True),
        (call(artist="J. S. Bach", length=5), True),
        (call(artist="J. S. Bach", length=5, speed=9), True),  # may be left out, so it is not checked
        (call(artist="JxSx Bach", length=5), False),
        (call(artist="Bachs", length=5), False),
        (call(artist="Bach", length=6), False),
        (call(artist="Bach"), False),
    ],
)
def test_a_pattern_accepts_each_listed_value_whole_and_no_other(made: ToolCall, right: bool) -> None:
    wanted = pattern("play", {"artist": ["Bach", "J. S. Bach"], "length": [5], "speed": ["", 2]})
    assert matches(made, wanted) is right


@pytest.mark.parametrize(
    ("made", "right"),
    [(["Tea", "Rusk"], True), (["Rusk", "Tea"], True), (["Tea"], False), (["Ale"], False)],
)
def test_a_list_must_hold_what_all_its_accepted_forms_share(made: list[str], right: bool) -> None:
    assert matches(call(order=made), pattern("play", {"order": [["Tea", "Rusk"], ["Rusk", "Tea"]]})) is right


def test_of_lists_that_share_nothing_something_of_one_must_be_there() -> None:
    wanted = pattern("play", {"order": [["TEA"], ["Chai", "Milk"]]})
    assert matches(call(order=["chai", "Milk"]), wanted)
    assert not matches(call(order=["Ale"]), wanted)


leaves = st.text(max_size=8) | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
answers = st.lists(leaves | st.lists(leaves, max_size=3), min_size=1, max_size=4)


@given(values=answers)
def test_every_accepted_value_satisfies_the_pattern(values: list[Any]) -> None:
    wanted = pattern("play", {"value": values})
    assert all(matches(call(value=value), wanted) for value in accepted(values))
