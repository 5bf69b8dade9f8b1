from collections.abc import Callable

import pytest

from switchgear.data.dataset.burned import check_burned
from switchgear.data.dataset.facts import Facts, dump, facts, load
from switchgear.errors import DataError
from switchgear.schema import Example

Build = Callable[..., Example]


def known(example: Build, role: str, **tags: str) -> Facts:
    return load(dump(facts(example(tags=tags))))._replace(role=role)


def test_a_benchmark_is_burned_by_training_on_its_rows_or_allowing_it(example: Build) -> None:
    plain, trained = known(example, "benign"), known(example, "benign", benchmark="bakery")
    case = known(example, "case", benchmark="bakery")
    check_burned([plain], [case])
    with pytest.raises(DataError, match="Trained on and held out at once: bakery"):
        check_burned([trained], [case])
    for held_out in (case, trained):
        with pytest.raises(DataError, match="bakery"):
            check_burned([plain], [held_out], allow=["bakery"])


def test_a_split_of_a_benchmark_by_a_tag_burns_nothing(example: Build) -> None:
    trained = known(example, "benign", benchmark="bakery")
    check_burned([trained], [known(example, "case"), trained])
