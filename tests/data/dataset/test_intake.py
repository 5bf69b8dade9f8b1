from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.errors import LabelError
from switchgear.schema import Example, Role
from tests.data.dataset.conftest import Row, prepared, run_recipe


def test_a_source_with_many_wrong_labels_is_refused(
    tmp_path: Path, made: Callable[..., None], rows: list[Row], example: Callable[..., Example]
) -> None:
    made(*rows, *[example(name=f"bad{n}", answer="I cannot help with that.") for n in range(6)])
    with pytest.raises(LabelError, match=r"6 of 26 examples contradict their labels \(6 benign, but"):
        prepared(tmp_path, run_recipe(tmp_path))


def test_refusals_are_tagged_and_keep_the_name_of_their_dataset(
    tmp_path: Path, made: Callable[..., None], example: Callable[..., Example], rows: list[Row]
) -> None:
    refusal = example("no", role=Role.REFUSAL, trace=None, prompt="Open it.", answer="I cannot help with that.")
    made(*rows, refusal.model_copy(update={"tags": {"source": "somewhere"}}))
    _, written, _ = prepared(tmp_path, run_recipe(tmp_path, validation=0))
    (found,) = [row for row in written["train"] if row.role is Role.REFUSAL]
    assert found.tags == {"source": "refusal_retain", "dataset": "somewhere"}


def test_commercial_use_leaves_out_what_forbids_it_and_what_states_nothing(
    tmp_path: Path, made: Callable[..., None], rows: list[Row]
) -> None:
    licences = {0: "CC-BY-NC-4.0", 1: "not stated"}
    changed = [
        row.model_copy(update={"provenance": row.provenance.model_copy(update={"licence": licences.get(n, "MIT")})})
        for n, row in enumerate(rows)
        if isinstance(row, Example)
    ]
    made(*changed)
    card, _, _ = prepared(tmp_path, run_recipe(tmp_path, commercial_use=True))
    assert card["sources"][0]["dropped"] == {
        "for commercial use: not for commercial use": 1,
        "for commercial use: no licence stated": 1,
    }
    assert list(card["licences"]) == ["MIT"]
