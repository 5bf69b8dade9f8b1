"""What all our scorers return: several measures of one sample, each a yes, a no, a number, or not told."""

import math
from collections.abc import Mapping

from inspect_ai.scorer import Metric, SampleScore, Score, Value, metric
from inspect_ai.solver import TaskState

from switchgear.intervals import wilson

OVERFLOW = "context overflow"
JUDGE = "judge"
"""Where the metadata of a score says whose verdict it is."""


def scored(values: Mapping[str, bool | float | None], answer: str = "") -> Score:
    """One score of several measures. None, where a case does not tell, becomes NaN, which Inspect leaves out."""
    told = {name: math.nan if value is None else float(value) for name, value in values.items()}
    return Score(value=told, answer=answer)


def overflowed(state: TaskState) -> bool:
    """The context had no room for the answer, or cut it off: what the model would have done is not known."""
    return state.output.stop_reason == "model_length"


def unscored(reason: str) -> Score:
    return Score.unscored(reason=reason)


@metric
def rate() -> Metric:
    """The share of samples that tell, with its Wilson interval."""

    def compute(scores: list[SampleScore]) -> Value:
        told = [value for each in scores if not math.isnan(value := each.score.as_float())]
        if not told:
            return {"rate": math.nan, "low": math.nan, "high": math.nan, "n": 0}
        if set(told) <= {0.0, 1.0}:
            return wilson(int(sum(told)), len(told)).model_dump(exclude={"successes"})
        return {"rate": sum(told) / len(told), "low": math.nan, "high": math.nan, "n": len(told)}

    return compute


RATES = {"*": [rate()]}
