import pytest

from switchgear.errors import RecipeError
from switchgear.recipe import TrainRecipe
from switchgear.training.schedule import coefficients


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        ("dual", 0.5, (7.5, 2.5)),  # the paper: alpha (1 - t / 2T), alpha t / 2T
        ("dual", 1.0, (5.0, 5.0)),
        ("single_alpha", 1.0, (5.0, 1.0)),
        ("constant", 0.3, (10.0, 10.0)),
        ("cosine", 1.0, (5.0, 5.0)),
        ("cosine", 0.5, (8.535534, 1.464466)),  # 10 (1 + cos(pi / 4)) / 2
    ],
)
def test_coefficients(schedule: str, progress: float, expected: tuple[float, float]):
    assert coefficients(progress, TrainRecipe(schedule=schedule, alpha=10)) == pytest.approx(expected)


def test_reroute_coefficient_is_never_negative():
    assert coefficients(1.0, TrainRecipe(alpha=10, decay_multiplier=0.5)) == pytest.approx((0, 10))


def test_the_reroute_floor_keeps_rerouting_to_the_end():
    recipe = TrainRecipe(alpha=10, decay_multiplier=1, reroute_floor=0.3)
    assert coefficients(1.0, recipe) == pytest.approx((3, 10))


def test_the_retain_coefficient_warms_up_from_nothing_floor_included():
    recipe = TrainRecipe(alpha=10, schedule="constant", retain_floor=0.2, retain_warmup=0.5)
    assert [coefficients(progress, recipe)[1] for progress in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([0, 6, 12, 12])


def test_the_floor_holds_benign_states_from_the_first_step():
    assert coefficients(0.0, TrainRecipe(alpha=10, retain_floor=0.2)) == pytest.approx((10, 2))


def test_an_unknown_schedule_lists_the_known_ones():
    with pytest.raises(RecipeError, match="Known: constant, cosine, dual, single_alpha"):
        coefficients(0.1, TrainRecipe(schedule="linear"))
