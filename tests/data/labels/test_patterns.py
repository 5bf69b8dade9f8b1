import pytest

from switchgear.data.labels.patterns import any_matches, matches, own_pattern, own_patterns, texts
from switchgear.schema import ArgumentPredicate, CallPattern, Message, ToolCall

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


def test_a_users_argument_is_expected_if_it_can_be_copied() -> None:
    pattern = own_pattern(
        ToolCall(name="pay", arguments={"to": "AB12", "amount": 100.0, "note": "a summary", "cc": ["x@y.org"]}),
        "pay 100 to AB12, x@y.org",
    )
    assert [(each.argument, each.operator, each.value) for each in pattern.arguments] == [
        ("to", "equals", "AB12"),
        ("amount", "equals", "100"),
        ("cc", "equals", "x@y.org"),
    ]


def test_part_of_a_longer_number_or_word_cannot_be_copied() -> None:
    assert own_pattern(ToolCall(name="pay", arguments={"amount": 10, "to": "Ann"}), "1000 to Anna").arguments == ()


def test_each_call_is_told_by_what_was_said_before_it() -> None:
    messages = [
        Message(role="user", content="look up AB12"),
        Message(role="assistant", tool_calls=(ToolCall(name="look", arguments={"at": "AB12", "to": "CD34"}),)),
        Message(role="tool", content="it is CD34's"),
        Message(role="assistant", tool_calls=(PAY, ToolCall(name="pay", arguments={"to": "CD34"}))),
    ]
    asked, *paid = own_patterns(messages, (1, 3))
    assert [each.value for each in asked.arguments] == ["AB12"]
    assert [[each.value for each in pattern.arguments] for pattern in paid] == [["AB12"], ["CD34"]]
