from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.data.splits import Split, draw, held_out, split
from switchgear.recipe import DataRecipe
from switchgear.schema import Example, Role

HOLDOUT = {"suite": ("travel",), "family": ("direct",)}


def recipe(**fields: object) -> DataRecipe:
    return DataRecipe.model_validate({"sources": [{"name": "s"}], **fields})


@pytest.mark.parametrize(
    ("tags", "place"),
    [
        ({"suite": "bank", "family": "system"}, Split.TRAIN),
        ({"suite": "bank"}, Split.TRAIN),
        ({}, Split.TRAIN),
        ({"suite": "travel"}, Split.HOLDOUT),
        ({"suite": "travel", "family": "direct"}, Split.HOLDOUT),
        ({"suite": "travel", "family": "system"}, Split.MIXED),
        ({"suite": "bank", "family": "direct"}, Split.MIXED),
    ],
)
def test_a_holdout_looks_at_the_tags_an_example_carries(
    example: Callable[..., Example], tags: dict[str, str], place: Split
) -> None:
    assert held_out(example(tags=tags), HOLDOUT) is place


@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["bank", "travel"])), max_size=40),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 99),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_example_is_lost_and_no_group_crosses(
    example: Callable[..., Example], rows: list[tuple[int, str]], share: float, seed: int
) -> None:
    examples = [example(name=str(n), group=f"{s}/{g}", tags={"suite": s}) for n, (g, s) in enumerate(rows)]
    splits = split(examples, recipe(holdout={"suite": ["travel"]}, validation=share), seed)
    assert sorted(row.id for part in splits.values() for row in part) == sorted(row.id for row in examples)
    groups = {name: {row.group for row in part} for name, part in splits.items()}
    assert not groups[Split.TRAIN] & groups[Split.VALIDATION]
    assert {row.tags["suite"] for row in splits[Split.HOLDOUT]} <= {"travel"}


def test_validation_takes_its_share_of_the_groups_and_depends_on_the_seed(example: Callable[..., Example]) -> None:
    examples = [example(name=f"{g}-{n}", group=str(g)) for g in range(20) for n in range(3)]
    chosen = [{row.group for row in split(examples, recipe(), seed)[Split.VALIDATION]} for seed in (0, 0, 1)]
    assert [len(groups) for groups in chosen] == [2, 2, 2]
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_small_share_still_validates_and_no_share_does_not(example: Callable[..., Example]) -> None:
    examples = [example(name=str(g), group=str(g)) for g in range(3)]
    assert len(split(examples, recipe(validation=0.01), 0)[Split.VALIDATION]) == 1
    assert not split(examples, recipe(validation=0), 0)[Split.VALIDATION]


def test_a_draw_is_even_over_groups_and_keeps_twins_together(example: Callable[..., Example]) -> None:
    examples = [
        example(name=f"{group}/{row}/{twin}", group=group, row=f"{group}/{row}")
        for group, rows in {"a": 30, "b": 3, "c": 5}.items()
        for row in range(rows)
        for twin in range(2)
    ]
    drawn = draw(examples, 12, seed=0)
    assert Counter(row.group for row in drawn) == {"a": 4, "b": 4, "c": 4}
    assert set(Counter(row.provenance.row for row in drawn).values()) == {2}
    assert [row.id for row in drawn] == [row.id for row in examples if row in drawn]
    assert draw(examples, 12, seed=0) == drawn != draw(examples, 12, seed=1)


def test_a_draw_never_exceeds_its_limit_and_none_keeps_all(example: Callable[..., Example]) -> None:
    examples = [example(name=f"{n}", row=f"{n // 2}") for n in range(8)]
    assert len(draw(examples, 3, seed=0)) == 2
    assert draw(examples, None, seed=0) == draw(examples, 8, seed=0) == examples


def test_a_case_is_held_out_whatever_its_tags(example: Callable[..., Example]) -> None:
    case = example(tags={"suite": "bank"}).model_copy(update={"role": Role.CASE, "continuation": ()})
    splits = split([case, example("other", tags={"suite": "bank"})], recipe(holdout=HOLDOUT, validation=0), seed=0)
    assert splits[Split.HOLDOUT] == [case]
