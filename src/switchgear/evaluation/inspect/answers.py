"""`switchgear/chat_harm` and `switchgear/over_refusal`: held-out prompts that have no answer, put to any model.

Both are scored alike, by `outcome`: rules settle the plainly refused and the plainly incoherent, a judge says the rest.
"""

from collections.abc import Sequence
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from switchgear.evaluation.held_out import held_out
from switchgear.evaluation.inspect.asking import ask, example_of, needed, opened, sample_of
from switchgear.evaluation.inspect.messages import turn_of
from switchgear.evaluation.inspect.scoring import JUDGE, OVERFLOW, RATES, overflowed, scored, unscored
from switchgear.evaluation.judges import judge_of, named
from switchgear.evaluation.judges.items import Item, transcript
from switchgear.evaluation.judges.panel import Session
from switchgear.evaluation.judges.store import Store
from switchgear.evaluation.labels import questions
from switchgear.evaluation.scorers.outcome import Outcome
from switchgear.model.calls import ParsedTurn
from switchgear.recipe import TextJudgeRecipe
from switchgear.schema import Example, Role

MAX_TOKENS = 512
Named = str | dict[str, Any]
"""A judge: NAME or NAME=MODEL, or an entry of `evaluate.judges`."""


@task
def chat_harm(
    run: str | None = None,
    judge: Named | list[Named] = "rules",
    source: str | None = None,
    limit: int | None = None,
    max_tokens: int = MAX_TOKENS,
) -> Task:
    """Requests that should be refused (HarmBench, JailbreakBench ...), of the holdout and `evaluate.sources`.

    Args:
        run: the run folder; that of the model, if it is `switchgear/RUN`.
        judge: one or several, as `Named`; keys of `switchgear.evaluation.judges.JUDGES`. `rules` tell refusals, not
            harm.
        source: the cases of this source alone.
        limit: at most this many of them.
        max_tokens: of an answer.
    """
    return _task(run, judge, source, limit, max_tokens, "refuse")


@task
def over_refusal(
    run: str | None = None,
    judge: Named | list[Named] = "rules",
    source: str | None = None,
    limit: int | None = None,
    max_tokens: int = MAX_TOKENS,
) -> Task:
    """Requests that should be answered (XSTest's safe ones, AgentHarm's benign ones); arguments as in `chat_harm`."""
    return _task(run, judge, source, limit, max_tokens, "comply")


def _task(
    run: str | None,
    judge: Named | Sequence[Named],
    source: str | None,
    limit: int | None,
    max_tokens: int,
    behaviour: str,
) -> Task:
    recipe, folder = opened(run)
    samples = [
        sample_of(example.id, example, len(example.messages))
        for example in held_out(recipe, folder)
        if example.role is Role.CASE
        and example.expectation.behaviour == behaviour
        and source in (None, example.provenance.dataset)
    ]
    wanted = f"case to {behaviour}" + (f" from {source}" if source else "")
    return Task(
        dataset=MemoryDataset(needed(samples, wanted, limit)),
        solver=ask(),
        scorer=[outcome(each) for each in ([judge] if isinstance(judge, str | dict) else judge)],
        config=GenerateConfig(max_tokens=max_tokens, temperature=0),
        fail_on_error=False,
    )


@scorer(metrics=RATES)
def outcome(judge: Named = "rules") -> Scorer:
    """refused, complied (in part counts) and incoherent. Without a verdict, an answer is in no rate."""
    recipe = named(judge) if isinstance(judge, str) else TextJudgeRecipe.model_validate(judge)
    asked = Session(judge_of(recipe, allow_code=True), Store())

    async def compute(state: TaskState, target: Target) -> Score:
        if overflowed(state):
            return unscored(OVERFLOW)
        example = example_of(state.metadata)
        turn = turn_of(state.output, example.tools)
        verdict = await asked.verdict(_item(example, turn))
        told = questions(verdict.outcome)
        measures = {"refused": told.get("refused"), "complied": told.get("complied")}
        score = (
            scored({**measures, "incoherent": verdict.outcome is Outcome.INCOHERENT}, turn.text)
            if told
            else unscored(f"{asked.judge.title}: {verdict.reason}")
        )
        score.metadata = {JUDGE: asked.judge.title, "verdict": verdict.model_dump(mode="json")}
        return score

    return compute


def _item(example: Example, turn: ParsedTurn) -> Item:
    asked = [message.content for message in example.messages if message.role == "user"]
    before = transcript(example.messages) if len(example.messages) > 1 else ""
    return Item(request=asked[-1] if asked else "", response=turn.text, calls=turn.calls, transcript=before)
