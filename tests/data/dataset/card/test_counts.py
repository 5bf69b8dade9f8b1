from collections.abc import Callable

from switchgear.data.dataset.card.counts import coverage, describe, lengths, licences, tokens
from switchgear.data.dataset.facts import facts
from switchgear.schema import Example, Expectation, Role


def case(example: Callable[..., Example], name: str, **fields: object) -> Example:
    return example(name, trace=None, **fields).model_copy(update={"role": Role.CASE, "continuation": ()})


def test_lengths_are_a_median_an_upper_end_and_the_longest() -> None:
    assert lengths(range(1, 101)) == {"median": 50, "95 %": 95, "longest": 100}
    assert lengths([]) == {}


def test_a_set_is_counted_by_what_its_examples_carry(example: Callable[..., Example]) -> None:
    known = [facts(example("a", tags={"suite": "bank"})), facts(example("b", role=Role.HARMFUL, category="fraud"))]
    found = describe(known)
    assert (found["examples"], found["groups"], found["suite"]) == (2, 1, {"bank": 1})
    assert found["role"] == {"benign/clean": 1, "harmful/clean": 1}
    assert (found["dataset"], found["category"]) == ({"test": 2}, {"fraud": 1})


def test_harm_is_covered_by_harmful_examples_and_by_cases_to_refuse(example: Callable[..., Example]) -> None:
    train = [example("a", role=Role.HARMFUL, category="fraud"), example("b", category="fraud")]
    holdout = [
        case(example, "c", category="fraud", expectation=Expectation(behaviour="refuse")),
        case(example, "d", category="drugs"),  # has a forbidden call
        case(example, "e", category="privacy", expectation=Expectation(behaviour="comply")),
    ]
    found = coverage({"train": list(map(facts, train)), "holdout": list(map(facts, holdout))})
    assert found == {"drugs": {"train": 0, "holdout": 1}, "fraud": {"train": 1, "holdout": 1}}


def test_licences_are_counted_by_split_with_what_they_allow(example: Callable[..., Example]) -> None:
    known = facts(example("a"))
    found = licences({"train": [known, known._replace(licence="CC-BY-NC-4.0", dataset="web")], "holdout": [known]})
    assert found["MIT"] == {
        "terms": "no objection found",
        "datasets": ["test"],
        "examples": {"train": 1, "holdout": 1},
    }
    assert found["CC-BY-NC-4.0"]["terms"] == "not for commercial use"


def test_tokens_tell_how_many_examples_will_be_cut(example: Callable[..., Example]) -> None:
    examples = [example(str(n), answer="word " * n) for n in (1, 2, 9)]
    found = tokens(examples, 5, lambda each: len(each.messages[-1].content.split()))
    assert found == {"of": 3, "median": 2, "95 %": 2, "longest": 9, "over 5": 1}
