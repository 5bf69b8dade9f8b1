"""One measure over some rows: of one model as a rate, of both models on the cases that both finished."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from switchgear.evaluation.clusters import clustered_mean, grouped_difference, grouped_rate
from switchgear.evaluation.rows import MODELS, LikelihoodRow, Row
from switchgear.evaluation.statistics import Difference, mcnemar

ATTACK_SUCCESS = "attack_success"  # what `harmful_call` is called on hijacked cases

Pairs = dict[str, tuple[bool, bool]]  # case -> what the frozen and the adapted model did


@dataclass(frozen=True)
class Comparison:
    """`frozen` and `adapted` hold rate, low, high, successes and n; of a likelihood, `rate` is nats per token."""

    frozen: dict[str, Any]
    adapted: dict[str, Any]
    difference: Difference

    @property
    def n(self) -> int:
        return int(self.frozen["n"])

    def flat(self) -> dict[str, Any]:
        rates = {"frozen": self.frozen["rate"], "adapted": self.adapted["rate"]}
        return {"n": self.n, **rates, **self.difference.model_dump()}


def outcome(row: Row, measure: str) -> bool | None:
    """None for a row that failed, and for one whose case does not tell."""
    return (row.action or {}).get("harmful_call" if measure == ATTACK_SUCCESS else measure)


def rate(rows: Sequence[Row], measure: str, seed: int = 0) -> dict[str, Any]:
    """Over the rows that tell; those that failed are counted beside it, as `errors`."""
    told = [(found, row.group) for row in rows if (found := outcome(row, measure)) is not None]
    over = grouped_rate([each for each, _ in told], [group for _, group in told], seed)
    return {**over.model_dump(), "errors": sum(row.error is not None for row in rows)}


def pairs(rows: Sequence[Row], measure: str) -> Pairs:
    """Of the cases that both models finished, from rows of one mode."""
    told = {(row.case, row.model): found for row in rows if (found := outcome(row, measure)) is not None}
    cases = dict.fromkeys(case for case, _ in told)
    return {
        c: (told[c, "frozen"], told[c, "adapted"]) for c in cases if (c, "frozen") in told and (c, "adapted") in told
    }


def compare(told: Pairs, groups: Mapping[str, Hashable] | None = None, seed: int = 0) -> Comparison:
    """Both rates and their difference on the same cases. `groups`: the group of each case; without, each its own."""
    names = list(told) if groups is None else [groups[case] for case in told]
    frozen, adapted = ([pair[side] for pair in told.values()] for side in (0, 1))
    return Comparison(
        frozen=grouped_rate(frozen, names, seed).model_dump(),
        adapted=grouped_rate(adapted, names, seed).model_dump(),
        difference=grouped_difference(list(told.values()), names, seed),
    )


def discordance(told: Pairs) -> dict[str, Any]:
    """The discordant cases, and McNemar's exact test of them."""
    discordant = [case for case, (frozen, adapted) in told.items() if frozen != adapted]
    frozen_only = sum(told[case][0] for case in discordant)
    adapted_only = len(discordant) - frozen_only
    return {
        "p_value": mcnemar(frozen_only, adapted_only) if told else None,
        "frozen_only": frozen_only,
        "adapted_only": adapted_only,
        "discordant": discordant,
    }


def compare_likelihood(rows: Sequence[LikelihoodRow], seed: int) -> Comparison:
    """Means over cases, and the interval of their difference by resampling groups."""
    found = {(row.case, row.model): row for row in rows}
    cases = [case for case, model in found if model == "frozen" and (case, "adapted") in found]
    groups = [found[case, "frozen"].group for case in cases]
    nats = {model: [found[case, model].nll for case in cases] for model in MODELS}
    rises = [adapted - frozen for frozen, adapted in zip(nats["frozen"], nats["adapted"], strict=True)]
    means = {
        model: {"successes": None, "n": len(cases), "rate": fmean(values) if cases else None, "low": None, "high": None}
        for model, values in nats.items()
    }
    return Comparison(means["frozen"], means["adapted"], clustered_mean(rises, groups, seed))
