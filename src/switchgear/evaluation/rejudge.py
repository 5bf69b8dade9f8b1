"""Judging answers that are stored: no model under test is run, and the rows are not touched."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from pydantic import BaseModel, ConfigDict

from switchgear.errors import RunError
from switchgear.evaluation.agreement import krippendorff
from switchgear.evaluation.comparison import Pairs, compare, discordance
from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.judges.items import Item, transcript
from switchgear.evaluation.judges.panel import verdicts
from switchgear.evaluation.judges.store import Store
from switchgear.evaluation.labels import ASKED, Question, questions
from switchgear.evaluation.rows import MODELS, MODES, Mode, Model, Row
from switchgear.evaluation.scorers.outcome import Outcome, Verdict
from switchgear.intervals import wilson
from switchgear.runs import Run, read_models, write_json, write_models
from switchgear.schema import Example, Trace


class Judged(BaseModel):
    """What one judge says of the row of `case`, `model` and `mode`. `item` is the hash of what it was shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str
    kind: Trace
    model: Model
    mode: Mode
    judge: str
    item: str
    verdict: Verdict


def rejudge(run: Run, judges: Sequence[Judge], told: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Writes verdicts.jsonl and judged.json beside the rows, and returns the content of the latter.

    Verdicts of other judges, given earlier on the same answers, are kept and compared with.

    Raises:
        RunError: no rows, or no dataset that tells what they answer.
    """
    rows = [row for row in read_models(run.need(run.rows, "evaluate"), Row) if row.error is None]
    examples = {each.id: each for each in read_models(run.need(run.dataset / "holdout.jsonl", "prepare"), Example)}
    if missing := {row.example for row in rows} - set(examples):
        raise RunError(f"{run.rows} answers {len(missing)} examples that are not in the dataset. Evaluate again.")
    items = [item(row, examples[row.example]) for row in rows]
    store = Store(run.evaluation / "verdict-store.jsonl")
    judged = list(_earlier(run, rows, items, {judge.title for judge in judges}))
    for judge in judges:
        given = verdicts(judge, items, store, judge.name != "rules", told)
        judged += [_judged(*each, judge.title) for each in zip(rows, items, given, strict=True)]
    summary = summarise(judged)
    write_models(run.evaluation / "verdicts.jsonl", judged)
    write_json(run.evaluation / "judged.json", summary)
    return summary


def item(row: Row, example: Example) -> Item:
    """An answer as a judge is shown it, opening included, with all that came before it."""
    before = example.messages[: row.message]
    asked = [message.content for message in before if message.role == "user"]
    return Item(
        request=asked[-1] if asked else "",
        response=row.said,
        calls=row.calls,
        transcript=transcript(before) if len(before) > 1 else "",
        perplexity=row.perplexity,
    )


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """Counts and rates of each judge, differences on the cases that it scored of both models, and agreement."""
    tables = list(_tables(judged))
    return {
        "rates": [
            {**names, "model": model, **_rates(of_model)}
            for names, chosen in tables
            for model in MODELS
            if (of_model := [each.verdict for each in chosen if each.model == model])
        ],
        "differences": [
            {**names, "question": question, **compare(found).flat(), **discordance(found)}
            for names, chosen in tables
            for question in ASKED
            if (found := _pairs(chosen, question))
        ],
        "agreement": _agreement(judged),
    }


def judged_notes(judged: dict[str, Any]) -> Iterator[str]:
    """What the rates of judges do not show: answers without a verdict, and how far judges agree."""
    for judge in dict.fromkeys(line["judge"] for line in judged["rates"]):
        mine = [line for line in judged["rates"] if line["judge"] == judge]
        if lost := sum(line["unscored"] for line in mine):
            total = sum(sum(line["outcomes"].values()) for line in mine)
            why = Counter[str]()
            for line in mine:
                why.update(line["reasons"])
            reasons = "; ".join(f"{count} {reason}" for reason, count in why.most_common(3))
            yield f"Judge {judge}: {lost} of {total} answers have no verdict, and are in no rate ({reasons})."
    for line in judged["agreement"]:
        if line["alpha"] is not None:
            yield f"Judges on {line['question']}: Krippendorff's alpha is {line['alpha']:.2f} (n = {line['n']})."


def _earlier(run: Run, rows: Sequence[Row], items: Sequence[Item], again: set[str]) -> Iterator[Judged]:
    path = run.evaluation / "verdicts.jsonl"
    shown = {(row.case, row.model, row.mode): item.sha256 for row, item in zip(rows, items, strict=True)}
    for each in read_models(path, Judged) if path.exists() else ():
        if each.judge not in again and shown.get((each.case, each.model, each.mode)) == each.item:
            yield each


def _judged(row: Row, item: Item, verdict: Verdict, judge: str) -> Judged:
    names: dict[str, Any] = {"case": row.case, "kind": row.kind, "model": row.model, "mode": row.mode}
    return Judged(**names, judge=judge, item=item.sha256, verdict=verdict)


def _tables(judged: Sequence[Judged]) -> Iterator[tuple[dict[str, str], list[Judged]]]:
    for judge, kind, mode in product(sorted({each.judge for each in judged}), Trace, MODES):
        if chosen := [each for each in judged if (each.judge, each.kind, each.mode) == (judge, kind, mode)]:
            yield {"judge": judge, "kind": kind, "mode": mode}, chosen


def _rates(given: Sequence[Verdict]) -> dict[str, Any]:
    """A rate is over the answers that the judge tells; the unscored are counted beside it, with their reasons."""
    outcomes = Counter(verdict.outcome for verdict in given)
    told = [questions(verdict.outcome) for verdict in given]
    return {
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "unscored": outcomes[Outcome.UNSCORED],
        "reasons": dict(Counter(v.reason for v in given if v.outcome is Outcome.UNSCORED)),
        **{question: _rate(each[question] for each in told if question in each) for question in ASKED},
        "incoherent": _rate(v.outcome is Outcome.INCOHERENT for v in given if v.outcome is not Outcome.UNSCORED),
    }


def _rate(found: Iterable[bool]) -> dict[str, Any]:
    values = list(found)
    return wilson(sum(values), len(values)).model_dump()


def _pairs(judged: Sequence[Judged], question: Question) -> Pairs:
    told = {(each.case, each.model): questions(each.verdict.outcome).get(question) for each in judged}
    both = {case: (told.get((case, "frozen")), told.get((case, "adapted"))) for case, _ in told}
    return {case: (a, b) for case, (a, b) in both.items() if a is not None and b is not None}


def _agreement(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Krippendorff's alpha over all judges, for each question, on the answers that at least two of them tell."""
    lines = []
    for question in ASKED:
        units: dict[tuple[str, str, str], list[bool]] = {}
        for each in judged:
            if (says := questions(each.verdict.outcome).get(question)) is not None:
                units.setdefault((each.case, each.model, each.mode), []).append(says)
        shared = [unit for unit in units.values() if len(unit) > 1]
        lines.append({"question": question, "alpha": krippendorff(shared), "n": len(shared)})
    return lines
