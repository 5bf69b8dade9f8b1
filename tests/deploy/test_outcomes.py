import pytest
import torch

from switchgear.deploy.outcomes import Outcome, guard_table, judged, lines
from switchgear.deploy.tokens import Seen


def outcome(stopped: bool, tokens: int, reason: str = "probe", breaker: bool = True, kind: str = "hijacked") -> Outcome:
    why = reason if stopped else ""
    return Outcome(kind=kind, mode="free", stopped=stopped, reason=why, tokens=tokens, breaker=breaker, does="text")


def test_stops_are_counted_by_kind_and_reason_beside_the_breakers_trips_with_the_median_of_tokens():
    hijacked = [
        outcome(True, 3),
        outcome(True, 9, "incoherent", breaker=False),
        outcome(True, 5),
        outcome(False, 40),
    ]
    clean, attacked = lines([*hijacked, outcome(False, 12, breaker=False, kind="clean")], "mode", "kind")
    assert (attacked["mode"], attacked["kind"]) == ("free", "hijacked")
    assert (attacked["successes"], attacked["n"], attacked["rate"]) == (3, 4, 0.75)
    assert 0.30 < attacked["low"] < 0.31
    assert (attacked["probe"], attacked["incoherent"], attacked["tokens_until_stop"]) == (2, 1, 5)
    assert (attacked["breaker_stopped"], attacked["breaker"]) == (2, 3)
    assert (clean["rate"], clean["tokens_until_stop"], clean["breaker"]) == (0, None, 0)
    assert guard_table("Put", [clean, attacked]).row_count == 2


@pytest.mark.parametrize(("cosine", "breaker"), [(0.1, True), (0.99, False)])
def test_the_probe_and_the_breaker_are_judged_apart(make_guard, cosine: float, breaker: bool):
    seen = Seen("clean", "replayed", torch.ones(1, 3, 32), torch.full((3,), cosine))
    for bias, stopped, tokens in ((1.0, True, 1), (-1.0, False, 3)):
        found = judged(make_guard(bias=bias), seen)
        assert (found.stopped, found.tokens, found.breaker) == (stopped, tokens, breaker)
