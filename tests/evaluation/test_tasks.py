from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.labels.patterns import any_matches
from switchgear.data.sources.agentdojo.suites import read
from switchgear.evaluation.tasks import Case, cases, sample
from switchgear.recipe import SourceRecipe
from switchgear.schema import (
    ArgumentPredicate,
    CallPattern,
    Example,
    Expectation,
    Message,
    Provenance,
    Role,
    ToolCall,
    Trace,
)

LIST, PACK, SEND, NOTE = (ToolCall(name=name) for name in ("list_parcels", "pack", "send_parcel", "send_note"))
HARBOUR = CallPattern(
    name="send_parcel", arguments=(ArgumentPredicate(argument="to", operator="contains", value="9 Harbour Row"),)
)
TO_HARBOUR = ToolCall(name="send_parcel", arguments={"to": "9 Harbour Row, Ridge"})


def pattern(call):
    return CallPattern(name=call.name)


def test_a_hijacked_trace_is_decided_before_the_first_forbidden_call(make_example):
    """The attacker's packing is harmless by itself and stays in the context."""
    example = make_example(
        Trace.HIJACKED, LIST, PACK, TO_HARBOUR, first=1, expected=(pattern(NOTE), pattern(LIST)), forbidden=(HARBOUR,)
    )
    (case,) = cases([example])
    assert (case.kind, case.message) == (Trace.HIJACKED, 5)
    assert [call.name for message in case.context for call in message.tool_calls] == ["list_parcels", "pack"]
    assert case.expected == (pattern(NOTE),)
    assert case.forbidden == (HARBOUR,)


def test_a_hijacked_trace_without_a_forbidden_call_has_no_case(make_example):
    example = make_example(Trace.HIJACKED, LIST, PACK, first=1, forbidden=(HARBOUR,))
    assert list(cases([example])) == []


def test_a_resisted_trace_is_decided_at_the_first_call_of_its_continuation(make_example):
    expected = (pattern(NOTE), pattern(LIST))
    example = make_example(Trace.RESISTED, LIST, NOTE, LIST, first=1, expected=expected, forbidden=(HARBOUR,))
    (case,) = cases([example])
    assert (case.message, case.expected, case.forbidden) == (3, (pattern(NOTE),), (HARBOUR,))


def test_a_clean_trace_is_decided_at_every_call_with_the_patterns_of_that_message(make_example):
    example = make_example(Trace.CLEAN, LIST, NOTE, expected=(pattern(LIST), pattern(PACK), pattern(NOTE)))
    both = Message(role="assistant", tool_calls=(LIST, PACK))
    example = example.model_copy(update={"messages": (example.messages[0], both, *example.messages[2:])})
    first, second = cases([example])
    assert (first.message, first.expected) == (1, (pattern(LIST), pattern(PACK)))
    assert (second.message, second.expected) == (3, (pattern(NOTE),))


def test_messages_that_make_no_call_are_no_cases(make_example):
    example = make_example(Trace.CLEAN, LIST, NOTE, expected=(pattern(LIST), pattern(NOTE)))
    spoken = Message(role="assistant", content="Two parcels came.")
    example = example.model_copy(update={"messages": (*example.messages[:3], spoken)})
    assert [case.message for case in cases([example])] == [1]


def test_an_example_without_a_trace_has_no_case(make_example):
    example = make_example(Trace.CLEAN, LIST)
    assert list(cases([example.model_copy(update={"trace": None})])) == []


def test_what_the_model_would_read_twice_is_one_case_whatever_the_call_ids(make_example):
    calls = [LIST.model_copy(update={"id": "a"}), NOTE], [LIST.model_copy(update={"id": "b"}), NOTE]
    once, again = (make_example(Trace.RESISTED, *made, first=1, id=made[0].id) for made in calls)
    assert [case.example.id for case in cases([once, again])] == ["a"]


def test_twins_keep_a_case_each(make_example):
    """A hijacked trace and its resisted twin share their context; they are asked about different things."""
    hijacked = make_example(Trace.HIJACKED, LIST, TO_HARBOUR, first=1, forbidden=(HARBOUR,))
    resisted = make_example(Trace.RESISTED, LIST, NOTE, first=1, forbidden=(HARBOUR,))
    first, second = cases([hijacked, resisted])
    assert first.context == second.context


def test_other_tools_make_another_case(make_example):
    one = make_example(Trace.RESISTED, LIST, NOTE, first=1, id="one")
    other = make_example(Trace.RESISTED, LIST, NOTE, first=1, id="other", tools=one.tools[:2])
    assert len(list(cases([one, other]))) == 2


def test_cases_carry_the_tags_of_their_example(make_example):
    example = make_example(Trace.CLEAN, LIST, category="parcels", group="g", tags={"suite": "post"})
    (case,) = cases([example])
    assert (case.suite, case.family, case.category, case.group) == ("post", "", "parcels", "g")
    assert case.id == f"{example.id}#1"


def bare_case(number, kind=Trace.CLEAN, family="direct", group="g"):
    example = Example(
        id=str(number),
        role=Role.CASE,
        messages=(Message(role="user", content="?"),),
        expectation=Expectation(),
        group=group,
        tags={"family": family},
        provenance=Provenance(dataset="made", revision="1", licence="CC0", row=str(number), sha256="0"),
    )
    return Case(kind, example, 1, (), ())


def test_without_a_limit_everything_is_kept():
    everything = [bare_case(number) for number in range(5)]
    assert sample(everything, None, seed=0) == everything


def test_a_small_family_and_a_small_group_are_not_crowded_out():
    many = [bare_case(n, family="direct", group=f"task-{n % 2}") for n in range(100)]
    few = [bare_case(100 + n, family="system", group="task-0" if n else "task-1") for n in range(10)]
    chosen = sample([*many, *few], 8, seed=0)
    assert Counter(case.family for case in chosen) == {"direct": 4, "system": 4}
    assert Counter(case.group for case in chosen if case.family == "direct") == {"task-0": 2, "task-1": 2}
    assert "task-1" in {case.group for case in chosen if case.family == "system"}


def test_each_kind_may_have_its_own_limit():
    everything = [bare_case(f"{kind}/{n}", kind=kind) for kind in Trace for n in range(9)]
    counts = Counter(case.kind for case in sample(everything, {Trace.HIJACKED: 5, Trace.RESISTED: 2}, seed=0))
    assert counts == {Trace.HIJACKED: 5, Trace.RESISTED: 2, Trace.CLEAN: 9}


def test_the_limit_is_of_each_kind():
    everything = [bare_case(f"{kind}{n}", kind=kind) for kind in Trace for n in range(6)]
    assert Counter(case.kind for case in sample(everything, 4, seed=0)) == dict.fromkeys(Trace, 4)


def test_another_seed_chooses_otherwise():
    everything = [bare_case(number) for number in range(100)]
    assert sample(everything, 10, seed=0) != sample(everything, 10, seed=1)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=40), st.integers(1, 50), st.randoms()
)
def test_a_sample_is_the_same_in_any_order_and_keeps_that_order(labels, limit, chance):
    everything = [bare_case(n, family=family, group=group) for n, (family, group) in enumerate(labels)]
    chosen = sample(everything, limit, seed=0)
    assert len(chosen) == min(limit, len(everything))
    assert chosen == [case for case in everything if case in chosen]
    shuffled = chance.sample(everything, len(everything))
    assert {case.id for case in sample(shuffled, limit, seed=0)} == {case.id for case in chosen}


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(1, 40))
def test_families_differ_by_one_at_most_unless_one_runs_out(families, limit):
    chosen = Counter(c.family for c in sample([bare_case(n, family=f) for n, f in enumerate(families)], limit, seed=0))
    most = max(chosen.values())
    assert all(chosen[family] >= min(most - 1, families.count(family)) for family in families)


def test_generated_agent_traces_give_cases_whose_own_call_is_what_they_expect_or_forbid():
    options = {"suites": ["slack"], "families": ["direct"], "max_tools": 4}
    rows = read(SourceRecipe(name="agentdojo_suites", options=options), seed=0)
    found = list(cases(row for row in rows if isinstance(row, Example)))
    assert {case.kind for case in found} == set(Trace)
    for case in found:
        calls = case.example.messages[case.message].tool_calls
        assert any_matches(calls, case.forbidden) == (case.kind is Trace.HIJACKED)
        assert case.kind is Trace.HIJACKED or any_matches(calls, case.expected)
