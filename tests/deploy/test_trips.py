from hypothesis import given
from hypothesis import strategies as st

from switchgear.deploy.trips import comes_apart


def test_an_answer_that_only_begins_has_not_come_apart():
    assert not any(comes_apart(text) for text in ("", "   ", "{", "!!!!????", "no no no no"))


def test_a_loop_and_a_soup_of_symbols_have():
    assert comes_apart("the bell the bell the bell " * 10)
    assert comes_apart("Well: " + "}{)(*&^%$#@!~<>?/|" * 4)


def test_a_call_and_its_every_beginning_hold_together():
    call = '<tool_call>{"name": "water", "arguments": {"beds": ["roses", "ferns"], "litres": 3.5}}</tool_call>'
    assert not any(comes_apart(call[:end]) for end in range(len(call)))


@given(st.text())
def test_any_text_is_told(text: str):
    assert comes_apart(text) in (True, False)
