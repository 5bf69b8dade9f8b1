import math

from switchgear.report.curves import panels, transition


def logged(*losses: float) -> list[dict[str, float]]:
    return [{"step": 5 * index, "reroute": loss} for index, loss in enumerate(losses)]


def test_a_run_turns_where_its_loss_passes_the_middle() -> None:
    assert transition(logged(1.0, 0.9, 0.4, 0.0)) == 10
    assert transition([{"loss": 1.0}, *logged(1.0, math.nan, 0.0)]) == 10


def test_a_run_that_never_fell_by_half_has_not_turned() -> None:
    assert transition(logged(1.0, 0.9, 0.6)) is None
    assert transition([]) is None


def test_only_what_was_logged_is_drawn_and_the_turn_is_marked_in_every_chart() -> None:
    lines = [{**line, "retain_drift": 0.1} for line in logged(1.0, 0.0)]
    losses, drift = panels(lines)
    assert (losses["title"], drift["title"]) == ("Losses", "Retain drift")
    assert ">turns by step 5<" in losses["chart"]
    assert 'class="aim"' in drift["chart"]
