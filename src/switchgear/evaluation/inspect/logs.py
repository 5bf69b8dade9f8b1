"""Rates out of Inspect's logs, each with its n and interval, and two logs of one task compared sample by sample."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.scorer import Score

from switchgear.errors import DataError
from switchgear.evaluation.agreement import krippendorff
from switchgear.evaluation.clusters import clustered_mean, grouped_rate
from switchgear.evaluation.comparison import compare, discordance
from switchgear.evaluation.inspect.scoring import JUDGE
from switchgear.evaluation.labels import ASKED

Line = dict[str, Any]


def read(path: Path) -> EvalLog:
    """A log with its samples, of an evaluation that has finished, failed or was stopped.

    Raises:
        DataError: no log, or one that is cut off; the message says how finished samples are restored.
    """
    if not path.is_file():
        raise DataError(f"There is no log at {path}.")
    try:
        log = read_eval_log(str(path))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DataError(
            f"{path} is not a whole Inspect log ({type(error).__name__}). If its evaluation was killed, "
            f"`inspect log recover {path}` restores the samples that had finished."
        ) from error
    if not log.samples:
        raise DataError(f"{path} holds no samples; the status of its evaluation is {log.status!r}.")
    return log


def rates(log: EvalLog) -> list[Line]:
    """A line for each scorer and measure: the rate over the samples that tell, with its interval. `judge` is whose
    verdict it is, "" where it is nobody's.

    Beside it, in no rate: `errors` (samples that failed), `unscored` (without a verdict) and why, `missing` (of an
    evaluation that was stopped). A number that is no yes or no has its mean, and an interval by resampling groups.
    """
    samples = log.samples or []
    known = {"task": log.eval.task, "model": log.eval.model, "samples": len(samples), "missing": _missing(log)}
    failed = sum(sample.error is not None for sample in samples)
    return [
        {**known, **_names(samples, scorer, measure), **_rate(samples, scorer, measure), "errors": failed}
        | _unscored(samples, scorer)
        for scorer, measure in _measures(samples)
    ]


def compared(first: EvalLog, second: EvalLog) -> list[Line]:
    """For each measure of yes or no: both rates, and their difference with its interval, on the samples of both logs.

    `frozen` is the first log's rate and `adapted` the second's, as everywhere.

    Raises:
        DataError: logs of different tasks, or without a sample that both tell something of.
    """
    if first.eval.task != second.eval.task:
        raise DataError(f"The logs are of different tasks, {first.eval.task} and {second.eval.task}.")
    groups = _groups(first.samples or [])
    lines = []
    for scorer, measure in _measures(first.samples or []):
        one, other = (_told(log.samples or [], scorer, measure) for log in (first, second))
        both = {name: (bool(value), bool(other[name])) for name, value in one.items() if name in other}
        if both and _yes_or_no([*one.values(), *other.values()]):
            names = _names(first.samples or [], scorer, measure)
            lines.append({**names, **compare(both, groups).flat(), **discordance(both)})
    if not lines:
        raise DataError("There is no sample that both logs tell the same measure of.")
    return lines


def agreement(logs: Sequence[EvalLog]) -> list[Line]:
    """Krippendorff's alpha over the judges of these logs, for each question, on the `n` answers that at least two tell.

    Empty where there was one judge, or none.
    """
    lines = []
    for question in ASKED:
        units = [_says(sample, question) for log in logs for sample in log.samples or ()]
        if shared := [unit for unit in units if len(unit) > 1]:
            lines.append({"question": question, "alpha": krippendorff(shared), "n": len(shared)})
    return lines


def _says(sample: EvalSample, question: str) -> list[bool]:
    """What the judges of one answer say, of those that tell."""
    told = [_values(score).get(question, math.nan) for score in _scores(sample).values() if _judge(score)]
    return [bool(value) for value in told if not math.isnan(value)]


def _names(samples: Sequence[EvalSample], scorer: str, measure: str) -> Line:
    judges = (_judge(_scores(sample)[scorer]) for sample in samples if scorer in _scores(sample))
    return {"scorer": scorer, "judge": next(filter(None, judges), ""), "measure": measure}


def _judge(score: Score) -> str:
    return str((score.metadata or {}).get(JUDGE, ""))


def _measures(samples: Sequence[EvalSample]) -> list[tuple[str, str]]:
    """Scorers and their measures. A scorer that told nothing, and a log without scores, have the measure "" of no n."""
    keys: dict[str, dict[str, None]] = {}
    for sample in samples:
        for scorer, score in _scores(sample).items():
            keys.setdefault(scorer, {}).update(dict.fromkeys(_values(score)))
    return [(scorer, measure) for scorer, measures in (keys or {"": {}}).items() for measure in measures or ("",)]


def _rate(samples: Sequence[EvalSample], scorer: str, measure: str) -> Line:
    told = _told(samples, scorer, measure)
    groups = _groups(samples)
    names = [groups[name] for name in told]
    if _yes_or_no(list(told.values())):
        return grouped_rate([bool(value) for value in told.values()], names).model_dump()
    mean = clustered_mean(list(told.values()), names)
    return {"successes": None, "n": len(told), "rate": mean.difference, "low": mean.low, "high": mean.high}


def _groups(samples: Sequence[EvalSample]) -> dict[str, str | int]:
    """Samples without a group are their own, over all epochs."""
    return {_name(sample): (sample.metadata or {}).get("group", sample.id) for sample in samples}


def _told(samples: Sequence[EvalSample], scorer: str, measure: str) -> dict[str, float]:
    """What the samples tell of one measure. One that failed tells nothing, whatever was scored before it failed."""
    found = {_name(s): _values(_scores(s)[scorer]).get(measure, math.nan) for s in samples if scorer in _scores(s)}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _unscored(samples: Sequence[EvalSample], scorer: str) -> Line:
    scores = [_scores(sample)[scorer] for sample in samples if scorer in _scores(sample)]
    reasons = Counter(str(score.reason or "no reason given") for score in scores if not _values(score))
    return {"unscored": reasons.total(), "reasons": dict(reasons)}


def _missing(log: EvalLog) -> int:
    """Samples that the evaluation was to have, and that the log lacks."""
    planned = log.eval.dataset.samples
    epochs = log.eval.config.epochs or 1
    limit = log.eval.config.limit
    chosen = min(planned or 0, limit) if isinstance(limit, int) else planned
    return max((chosen or 0) * epochs - len(log.samples or []), 0)


def _scores(sample: EvalSample) -> dict[str, Score]:
    return {} if sample.error else sample.scores or {}


def _values(score: Score) -> dict[str, float]:
    """The measures of a score as numbers; empty if it is unscored."""
    return {key: float(value) for key, value in score.value.items()} if isinstance(score.value, dict) else {}


def _yes_or_no(values: Sequence[float]) -> bool:
    return set(values) <= {0.0, 1.0}


def _name(sample: EvalSample) -> str:
    return f"{sample.id}/{sample.epoch}"
