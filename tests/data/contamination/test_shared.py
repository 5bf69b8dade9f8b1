from collections.abc import Callable

from switchgear.data.contamination.shared import Shared, shared_by_design
from switchgear.schema import CallPattern, Example, Expectation, Trace


def test_tasks_and_goals_of_the_held_out_traces_are_counted_with_those_that_training_has(
    example: Callable[..., Example],
) -> None:
    other = Expectation(forbidden=(CallPattern(name="delete_file"),))
    train = [example("a"), example("b")]
    holdout = [example("c"), example("d", expectation=other), example("e", trace=Trace.HIJACKED)]
    assert shared_by_design(train, holdout) == Shared(tasks=1, held_out_tasks=1, goals=1, held_out_goals=2)


def test_texts_that_are_no_traces_are_not_counted(example: Callable[..., Example]) -> None:
    rows = [example(trace=None)]
    assert shared_by_design(rows, rows) == Shared(tasks=0, held_out_tasks=0, goals=0, held_out_goals=0)
