from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.errors import DataError
from switchgear.schema import Example, Role
from tests.data.dataset.conftest import Row, prepared, run_recipe


@pytest.mark.parametrize("role", [Role.HARMFUL, Role.BENIGN])
def test_nothing_is_written_without_both_sides(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], role: Role
) -> None:
    made(*[row for row in rows if isinstance(row, Example) and row.role is not role])
    with pytest.raises(DataError, match=f"no {role} example to train on"):
        prepared(tmp_path, run_recipe(tmp_path))
    assert not (tmp_path / "dataset").exists()


def test_weights_and_shares_are_of_the_training_set(
    tmp_path: Path, made: Callable[..., None], example: Callable[..., Example], rows: list[Row]
) -> None:
    made(*rows)
    made(*[example(f"more/{n}", group=f"m{n}", prompt=f"Read page {n}.", trace=None) for n in range(60)], name="more")
    sources = ({"name": "made", "weight": 2}, {"name": "more", "weight": 1})
    card, written, _ = prepared(tmp_path, run_recipe(tmp_path, *sources, validation=0))
    assert card["shares"] == {"clean": {"test": 60}, "harmful": {"test": 10}, "resisted": {"test": 10}}
    made(*[example(f"few/{n}", group=f"f{n}", prompt=f"Close tap {n}.", trace=None) for n in range(5)], name="few")
    sources = ({"name": "made"}, {"name": "more", "weight": 2}, {"name": "few", "weight": 1})
    card, written, _ = prepared(tmp_path / "b", run_recipe(tmp_path / "b", *sources, validation=0))
    names = Counter(row.id.partition("/")[0] for row in written["train"] if row.trace is None)
    assert names == {"more": 10, "few": 5}
    assert card["splits"]["over weight"]["examples"] == 50


def test_what_repeats_a_held_out_text_is_taken_out_of_training_and_listed(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    prompt = "Please tell me what the old gardener planted behind the northern wall."
    case = example("asked", prompt=prompt, group="c", trace=None)
    case = case.model_copy(update={"role": Role.CASE, "continuation": ()})
    made(*rows, case, example("told", prompt=prompt.upper(), group="d", trace=None))
    card, written, _ = prepared(tmp_path, run_recipe(tmp_path))
    assert [(match["train"], match["holdout"], match["kind"]) for match in card["contamination"]] == [
        ("told", "asked", "exact")
    ]
    assert card["splits"]["contaminated"]["examples"] == 1
    assert "told" not in {row.id for part in ("train", "validation") for row in written[part]}


def test_a_benchmark_on_both_sides_is_an_error(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    tags = {"benchmark": "quiz"}
    case = example("asked", prompt="Which one?", group="c", trace=None, tags=tags)
    case = case.model_copy(update={"role": Role.CASE, "continuation": ()})
    made(*rows, case, example("trained", prompt="Which other?", group="d", trace=None, tags=tags))
    with pytest.raises(DataError, match="quiz"):
        prepared(tmp_path, run_recipe(tmp_path))
