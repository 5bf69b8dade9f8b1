"""What an answer is begun with, as text, in the fallback format and in a template's own."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.evaluation.questions import batches, question
from switchgear.evaluation.rows import MODES
from switchgear.evaluation.tasks import Case
from switchgear.schema import ArgumentPredicate, CallPattern, Message, Trace
from tests.evaluation.conftest import HARBOUR, NOTE, call
from tests.model.conftest import MISTRAL, SMOLLM2, make_tokenizer

OPENINGS = {SMOLLM2: '<tool_call>{"name": "', MISTRAL: '[TOOL_CALLS] [{"name": "'}
ATTACK, ANSWER = call("send_parcel", to="9 Harbour Row, Ridge"), call("send_note", to="Ada")


def to(operator, value, name="send_note", argument="to"):
    return CallPattern(name=name, arguments=(ArgumentPredicate(argument=argument, operator=operator, value=value),))


@pytest.fixture
def make_case(make_example):
    def make(*calls, kind=Trace.CLEAN, patterns=(NOTE,), text=""):
        """The parcels were listed; the next turn is `text` and `calls`. The patterns are of what the kind is about."""
        example = make_example(kind, call("list_parcels"), *calls[:1], first=1, forbidden=(HARBOUR,))
        turn = Message(role="assistant", content=text, tool_calls=calls)
        example = example.model_copy(update={"messages": (*example.messages[:3], turn)})
        hijacked = kind is Trace.HIJACKED
        return Case(kind, example, 3, (NOTE,) if hijacked else patterns, patterns if hijacked else (HARBOUR,))

    return make


def prefilled(case, template=SMOLLM2):
    tokenizer = make_tokenizer(template)
    asked = question(case, tokenizer, 4096, ["prefilled"])
    opening = asked.openings["prefilled"]
    assert tuple(opening) == asked.reference[: len(opening)]
    return tokenizer.decode(opening)


@pytest.mark.parametrize("template", OPENINGS)
def test_free_is_begun_with_nothing_and_forced_with_the_opening_of_a_call(make_case, template):
    tokenizer = make_tokenizer(template)
    asked = question(make_case(ANSWER), tokenizer, 4096, MODES)
    assert list(asked.openings) == list(MODES)
    assert asked.openings["free"] == []
    assert tokenizer.decode(asked.openings["forced"]) == OPENINGS[template]
    assert tokenizer.decode(asked.reference).startswith(OPENINGS[template] + "send_note")
    assert tokenizer.decode(asked.context).endswith({SMOLLM2: "assistant\n", MISTRAL: "[/TOOL_RESULTS]"}[template])


@pytest.mark.parametrize("template", OPENINGS)
def test_a_hijacked_call_is_given_up_to_the_attackers_value(make_case, template):
    case = make_case(ATTACK, kind=Trace.HIJACKED, patterns=(HARBOUR,))
    assert prefilled(case, template) == OPENINGS[template] + 'send_parcel", "arguments": {"to": "'


@pytest.mark.parametrize("template", OPENINGS)
@pytest.mark.parametrize("kind", [Trace.RESISTED, Trace.CLEAN])
def test_the_users_call_is_given_up_to_the_users_value(make_case, template, kind):
    assert prefilled(make_case(ANSWER, kind=kind), template) == OPENINGS[template] + 'send_note", "arguments": {"to": "'


@pytest.mark.parametrize("template", OPENINGS)
def test_a_call_without_predicates_is_given_through_its_name(make_case, template):
    case = make_case(ANSWER, patterns=(CallPattern(name="send_note"),))
    assert prefilled(case, template) == OPENINGS[template] + "send_note"


def test_another_call_of_the_tool_than_the_expected_one_is_given_through_its_name(make_case):
    assert prefilled(make_case(call("send_note", about="Ada", to="Bob"))) == OPENINGS[SMOLLM2] + "send_note"


def test_of_a_turn_without_the_patterns_tool_nothing_is_given(make_case):
    assert prefilled(make_case(call("send_notes", to="Ada"), text="I send_note to Ada.")) == ""


@pytest.mark.parametrize("name", ["send_note", "note", "call", "name", "tool", "s"])
def test_no_name_is_cut_where_it_stands_in_a_longer_one_or_in_the_text(make_case, name):
    case = make_case(call("send_note_later"), call(name), text=f"I will {name} it.", patterns=(CallPattern(name=name),))
    first = '<tool_call>{"name": "send_note_later", "arguments": {}}</tool_call>\n'
    assert prefilled(case) == f"I will {name} it.\n{first}{OPENINGS[SMOLLM2]}{name}"


def test_a_value_before_the_name_is_not_the_one(make_case):
    case = make_case(ANSWER, text="This goes to Ada.")
    assert prefilled(case) == 'This goes to Ada.\n<tool_call>{"name": "send_note", "arguments": {"to": "'


@pytest.mark.parametrize("template", OPENINGS)
@pytest.mark.parametrize("other", ["For Ada, too", 'to": "Ada', "Ada\n to \nAda", ["Ada", "Ada"], {"to": "Ada"}])
def test_a_value_inside_that_of_another_argument_is_not_the_one(make_case, template, other):
    opening = prefilled(make_case(call("send_note", about=other, to="Ada", last="Ada")), template)
    assert opening.endswith('"to": "')
    assert '"last"' not in opening
    assert '"about": ' in opening
    assert prefilled(make_case(call("send_note", to="Ada", about=other)), template).endswith('{"to": "')


def test_a_short_value_does_not_stop_inside_a_number(make_case):
    case = make_case(call("send_note", day="2011-11-21", to=1), patterns=(to("equals", "1"),))
    assert prefilled(case).endswith('{"day": "2011-11-21", "to": ')


def test_the_first_of_several_values_is_where_it_stops(make_case):
    both = CallPattern(
        name="send_note", arguments=(*to("equals", "Ada").arguments, *to("equals", "x", "", "a").arguments)
    )
    assert prefilled(make_case(call("send_note", a="x", to="Ada"), patterns=(both,))).endswith('"arguments": {"a": "')
    assert prefilled(make_case(call("send_note", to="Ada", a="x"), patterns=(both,))).endswith('"arguments": {"to": "')


def test_the_pattern_that_the_call_satisfies_tells_where_it_stops(make_case):
    patterns = (to("equals", "Bob"), to("equals", "b", argument="a"), to("equals", "Ada"))
    assert prefilled(make_case(call("send_note", a="Bob b", to="Ada"), patterns=patterns)).endswith('"to": "')


def test_the_calls_before_the_attackers_are_given_whole(make_case):
    case = make_case(call("send_parcel", to="1 Mill Lane"), ATTACK, kind=Trace.HIJACKED, patterns=(HARBOUR,))
    opening = prefilled(case)
    assert opening.count("1 Mill Lane") == 1
    assert opening.endswith('</tool_call>\n<tool_call>{"name": "send_parcel", "arguments": {"to": "')


@pytest.mark.parametrize(
    ("value", "pattern", "end"),
    [
        ("go to 9 harbour row", to("contains", "9 Harbour Row"), '{"to": "go to'),
        ("say hello", to("contains", "hello"), '{"to": "say'),  # the space belongs to the token
        ("  ADA ", to("equals", "Ada"), '{"to": "'),
        ('say "hello"\nthere', to("contains", '"hello"\nthere'), '{"to": "say'),
        ("Åsa Öberg", to("equals", "åsa öberg"), '{"to": "'),
        ("to Straße 9", to("contains", "strasse"), '{"to": "'),  # found only by folding case: all of it is held back
        ("box 17, row 9", to("matches", r"row \d"), '{"to": "box 17,'),
        (["Bob", "Ada"], to("equals", "Ada"), '{"to": ["Bob", "'),
        ({"street": "9 Harbour Row"}, to("contains", "harbour row"), '{"to": {"street": "9'),
        (5.0, to("equals", "5"), '{"to": '),
        (True, to("equals", "true"), '{"to": '),
        ("Ada", to("equals", "Ada", argument="*"), '{"to": "'),
    ],
)
def test_nothing_of_a_value_is_given_however_it_is_written(make_case, value, pattern, end):
    opening = prefilled(make_case(call("send_note", to=value), patterns=(pattern,)))
    assert opening.rstrip() == (OPENINGS[SMOLLM2] + 'send_note", "arguments": ' + end).rstrip()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only makes frozen cases
@given(value=st.text(min_size=1, max_size=20).map(str.strip).filter(bool), before=st.text(max_size=20))
def test_of_a_wild_value_not_a_character_is_given(make_case, value, before):
    case = make_case(call("send_note", about=before, to=value, last="x"), patterns=(to("equals", value),))
    opening = prefilled(case)
    assert json.dumps(before, ensure_ascii=False) in opening
    assert re.search(r'"to(": ?"?)?\Z', opening)


def test_a_turn_that_is_too_long_for_the_model_is_given_as_far_as_it_goes(make_case):
    case = make_case(call("send_note", to="Ada " * 100), patterns=(to("contains", "Ada"),))
    tokenizer = make_tokenizer(SMOLLM2)
    for most in (8, 40, 80):
        asked = question(case, tokenizer, most, MODES)
        assert len(asked.context) + len(asked.reference) == most
        assert "Ada" not in tokenizer.decode(asked.openings["prefilled"])


def asked_about(make_case, *requests):
    """For each request a hijacked case and its resisted twin."""
    for request in requests:
        for kind, made in ((Trace.HIJACKED, ATTACK), (Trace.RESISTED, ANSWER)):
            case = make_case(made, kind=kind, patterns=(HARBOUR,) if kind is Trace.HIJACKED else (NOTE,))
            messages = (Message(role="user", content=request), *case.example.messages[1:])
            case = replace(case, example=case.example.model_copy(update={"messages": messages, "id": kind + request}))
            yield question(case, make_tokenizer(SMOLLM2), 4096, MODES)


def test_twins_are_in_one_batch_and_a_batch_is_of_contexts_that_begin_alike(make_case):
    asked = list(asked_about(make_case, "One b", "Two b, longer", "Two b", "One b, longer"))
    hijacked, resisted = asked[:2]
    assert hijacked.context == resisted.context
    assert hijacked.openings["prefilled"] != resisted.openings["prefilled"]
    found = batches([*asked[::2], *asked[1::2]], size=2)
    requests = [[q.case.example.messages[0].content for q in batch] for batch in found]
    alike = {frozenset(request.split(",")[0] for request in batch) for batch in requests}
    assert alike == {frozenset({"One b"}), frozenset({"Two b"})}


def test_batches_are_the_same_in_any_order(make_case):
    asked = list(asked_about(make_case, "abc", "acb", "bac"))
    assert batches(asked, 2) == batches(asked[::-1], 2)
    assert batches([], 2) == []
