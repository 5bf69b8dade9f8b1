"""What becomes of an answer: an example with all that is known of its making, or a reason why not."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel
from rich.table import Table

from switchgear.generation import texts
from switchgear.generation.generators import Answer
from switchgear.generation.jobs import Job
from switchgear.generation.judges import Verdict
from switchgear.schema import Example, Role

KEPT = {
    "harmful": (Role.HARMFUL, "complied"),
    "benign": (Role.BENIGN, "complied"),
    "refusal": (Role.REFUSAL, "refused"),
}
"""Kind -> what its examples are for, and the verdict that an answer must have."""


class Attempt(BaseModel):
    """One turn as it came out. Without a verdict, there was nothing to judge."""

    case: str
    sample: int
    answer: Answer
    verdict: Verdict | None = None


class Harvest(NamedTuple):
    """What came of a job: its examples, and how many attempts were dropped for which reason."""

    kept: list[Example]
    dropped: Counter[str]


def harvest(job: Job, attempts: Iterable[Attempt]) -> Harvest:
    """The attempts whose verdict is the wanted one, in order; of equal answers to one case, the first."""
    cases = {case.id: case for case in job.cases}
    kept: list[Example] = []
    dropped: Counter[str] = Counter()
    seen = set()
    for attempt in attempts:
        said = (attempt.case, attempt.answer.message and attempt.answer.message.model_dump_json())
        reason = _objection(job, attempt) or ("said before" if said in seen else "")
        if reason:
            dropped[reason] += 1
        else:
            seen.add(said)
            kept.append(_example(job, cases[attempt.case], attempt))
    return Harvest(kept, dropped)


def account(job: Job, attempts: list[Attempt], result: Harvest, sha256: str) -> dict[str, Any]:
    """The card of a job: its counts, which add up, and what they were made with."""
    assert len(attempts) == len(result.kept) + result.dropped.total(), "an answer was lost"
    return {
        "key": job.key,
        "sha256": sha256,
        "kind": job.recipe.kind,
        "generators": sorted({f"{a.answer.generator} {a.answer.revision}".strip() for a in attempts}),
        "prompts": len(job.cases),
        "skipped": dict(job.skipped.most_common()),
        "samples": len(attempts),
        "kept": len(result.kept),
        "cut_off": sum(not example.provenance.generation["finished"] for example in result.kept),
        "dropped": dict(result.dropped.most_common()),
        "recipe": job.recipe.model_dump(mode="json"),
    }


def table(cards: dict[str, dict[str, Any]]) -> Table:
    """The cards for the terminal. What was left out before it was put to a model is no sample."""
    shown = Table("job", "count", "", title="Generated", title_justify="left")
    for name, card in cards.items():
        shown.add_row(name, str(card["prompts"]), "prompts")
        for reason, count in card["skipped"].items():
            shown.add_row("", str(count), f"rows left out: {reason}")
        shown.add_row("", str(card["samples"]), "samples")
        shown.add_row("", str(card["kept"]), f"kept: {card['kind']} ({card['cut_off']} cut off)")
        for reason, count in card["dropped"].items():
            shown.add_row("", str(count), f"dropped: {reason}")
    return shown


def _objection(job: Job, attempt: Attempt) -> str:
    if attempt.answer.failure:
        return f"not answered: {attempt.answer.failure}"
    if attempt.verdict is None:
        return "says nothing"
    if attempt.verdict.label == "unscored":
        return f"not judged: {attempt.verdict.reason}"
    return "" if attempt.verdict.label == KEPT[job.recipe.kind][1] else f"judged {attempt.verdict.label}"


def _example(job: Job, case: Example, attempt: Attempt) -> Example:
    """The case without the job's system prompt, answered. It stays in the group of its prompt."""
    assert attempt.answer.message is not None
    role = KEPT[job.recipe.kind][0]
    made = {"generation": _making(job, attempt)}
    return case.model_copy(
        update={
            "id": f"{case.id}/{job.name}/{attempt.sample}",
            "role": role,
            "trace": None,
            "messages": (*case.messages, attempt.answer.message),
            "continuation": (len(case.messages),),
            "tags": case.tags | ({"source": "refusal_retain"} if role is Role.REFUSAL else {}),
            "provenance": case.provenance.model_copy(update=made),
        }
    )


def _making(job: Job, attempt: Attempt) -> dict[str, Any]:
    recipe, judge = job.recipe, job.recipe.judge
    judged_by = judge.function or (judge.endpoint.model if judge.endpoint else "")
    assert attempt.verdict is not None
    return {
        "generator": attempt.answer.generator,
        "revision": attempt.answer.revision,
        "temperature": recipe.temperature,
        "top_p": recipe.top_p,
        "max_new_tokens": recipe.max_new_tokens,
        "seed": job.seed,
        "sample": attempt.sample,
        "finished": attempt.answer.finished,
        "prefill": recipe.prefill,
        "system_sha256": texts.digest(job.system) if job.system else "",
        "judge": f"{judge.name} {judged_by}".strip(),
        "verdict": attempt.verdict.label,
    }
