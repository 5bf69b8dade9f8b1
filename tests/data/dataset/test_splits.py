from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.data.dataset.facts import Facts, facts
from switchgear.data.dataset.splits import Split, draw, held_out, split
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
    assert held_out(facts(example(tags=tags)), HOLDOUT) is place


def groups(known: list[Facts], placed: list[Split], split: Split) -> set[str]:
    return {row.group for row, place in zip(known, placed, strict=True) if place is split}


@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["bank", "travel"])), max_size=40),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 99),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_example_is_lost_and_no_group_crosses(
    example: Callable[..., Example], rows: list[tuple[int, str]], share: float, seed: int
) -> None:
    known = [facts(example(name=str(n), group=f"{s}/{g}", tags={"suite": s})) for n, (g, s) in enumerate(rows)]
    placed = split(known, recipe(holdout={"suite": ["travel"]}, validation=share), seed)
    assert len(placed) == len(known)
    assert not groups(known, placed, Split.TRAIN) & groups(known, placed, Split.VALIDATION)
    held = {row.id for row in known if row.tags["suite"] == "travel"}
    assert {row.id for row, place in zip(known, placed, strict=True) if place is Split.HOLDOUT} == held


def test_validation_takes_its_share_of_the_groups_and_depends_on_the_seed(example: Callable[..., Example]) -> None:
    known = [facts(example(name=f"{g}-{n}", group=str(g))) for g in range(20) for n in range(3)]
    chosen = [groups(known, split(known, recipe(), seed), Split.VALIDATION) for seed in (0, 0, 1)]
    assert [len(found) for found in chosen] == [2, 2, 2]
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_small_share_still_validates_and_no_share_does_not(example: Callable[..., Example]) -> None:
    known = [facts(example(name=str(g), group=str(g))) for g in range(3)]
    assert split(known, recipe(validation=0.01), 0).count(Split.VALIDATION) == 1
    assert Split.VALIDATION not in split(known, recipe(validation=0), 0)


def test_a_draw_is_even_over_groups_and_keeps_twins_together(example: Callable[..., Example]) -> None:
    known = [
        facts(example(name=f"{group}/{row}/{twin}", group=group, row=f"{group}/{row}"))
        for group, rows in {"a": 30, "b": 3, "c": 5}.items()
        for row in range(rows)
        for twin in range(2)
    ]
    drawn = draw(known, 12, seed=0)
    assert Counter(known[position].group for position in drawn) == {"a": 4, "b": 4, "c": 4}
    assert set(Counter(known[position].row for position in drawn).values()) == {2}
    assert draw(known, 12, seed=0) == drawn != draw(known, 12, seed=1)


def test_a_draw_never_exceeds_its_limit_and_none_keeps_all(example: Callable[..., Example]) -> None:
    known = [facts(example(name=f"{n}", row=f"{n // 2}")) for n in range(8)]
    assert len(draw(known, 3, seed=0)) == 2
    assert draw(known, None, seed=0) == draw(known, 8, seed=0) == set(range(8))


def test_a_case_is_held_out_whatever_its_tags(example: Callable[..., Example]) -> None:
    case = example(tags={"suite": "bank"}).model_copy(update={"role": Role.CASE, "continuation": ()})
    known = [facts(case), facts(example("other", tags={"suite": "bank"}))]
    assert split(known, recipe(holdout=HOLDOUT, validation=0), seed=0) == [Split.HOLDOUT, Split.TRAIN]
