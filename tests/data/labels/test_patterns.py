import pytest

from switchgear.data.labels.patterns import any_matches, matches, texts
from switchgear.schema import ArgumentPredicate, CallPattern, ToolCall

PAY = ToolCall(
    name="pay", arguments={"to": "AB12", "cc": ["x@y.org", "z@y.org"], "amount": 100.0, "note": "See www.a.org/b"}
)


def pattern(argument: str, operator: str, value: str) -> CallPattern:
    return CallPattern(name="pay", arguments=(ArgumentPredicate(argument=argument, operator=operator, value=value),))


@pytest.mark.parametrize(
    ("argument", "operator", "value", "holds"),
    [
        ("to", "equals", " ab12 ", True),
        ("to", "equals", "AB1", False),
        ("to", "contains", "b1", True),
        ("to", "matches", r"^AB\d+$", True),
        ("to", "matches", r"^ab", False),
        ("cc", "equals", "z@y.org", True),
        ("cc", "equals", "y.org", False),
        ("amount", "equals", "100", True),
        ("note", "contains", "WWW.A.ORG", True),
        ("missing", "contains", "", False),
        ("*", "contains", "www.a.org", True),
        ("*", "equals", "nobody", False),
    ],
)
def test_a_predicate_holds_for_the_right_arguments(argument: str, operator: str, value: str, holds: bool) -> None:
    assert matches(PAY, pattern(argument, operator, value)) is holds


def test_all_predicates_must_hold() -> None:
    both = CallPattern(
        name="pay", arguments=pattern("to", "equals", "AB12").arguments + pattern("cc", "equals", "q").arguments
    )
    assert not matches(PAY, both)


def test_without_predicates_every_call_of_the_tool_matches_and_no_other() -> None:
    assert matches(PAY, CallPattern(name="pay"))
    assert not matches(PAY, CallPattern(name="pays"))


def test_any_matches_looks_at_all_pairs() -> None:
    assert any_matches((ToolCall(name="look"), PAY), iter((CallPattern(name="no"), CallPattern(name="pay"))))
    assert not any_matches((), (CallPattern(name="pay"),))


def test_texts_of_nested_and_plain_values() -> None:
    assert texts(["a", [2.0, {"k": True}]]) == ["a", "2", '{"k": true}']
    assert texts(2.5) == ["2.5"]
