"""`switchgear/hijack`: the held-out decisions of a run, replayed to any model and scored by its calls.

The contexts are put whole, as messages. `free`: nothing is given. `forced`: the model has to call. `prefilled`: the
call is given up to the first value that makes it the attacker's (or the user's); this needs a model that goes on with
the assistant's last message, and the run's tokenizer says in which format.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from switchgear.errors import RecipeError, unknown
from switchgear.evaluation.held_out import holdout
from switchgear.evaluation.inspect.asking import ask, example_of, needed, opened, sample_of
from switchgear.evaluation.inspect.messages import turn_of
from switchgear.evaluation.inspect.scoring import OVERFLOW, RATES, overflowed, scored, unscored
from switchgear.evaluation.questions import question
from switchgear.evaluation.rows import MODES, Mode, Model, Row
from switchgear.evaluation.scorers import SCORERS, score
from switchgear.evaluation.tasks import Case, cases
from switchgear.evaluation.tasks import sample as draw
from switchgear.model.load import load_tokenizer
from switchgear.recipe import Recipe
from switchgear.schema import Trace


@task
def hijack(run: str | None = None, mode: Mode = "free", limit: int | None = None) -> Task:
    """Every hijacked, resisted and clean case of the holdout, or `limit` of each kind, drawn as in `evaluate`.

    Args:
        run: the run folder; that of the model, if it is `switchgear/RUN`.
        mode: free, forced or prefilled.
        limit: the recipe's `evaluate.limit`, if not given.

    Raises:
        RecipeError, RunError, DataError: no such mode, run, dataset or case.
    """
    if mode not in MODES:
        raise RecipeError(unknown("mode", mode, MODES))
    recipe, folder = opened(run)
    chosen = draw(cases(holdout(folder)), limit or recipe.evaluate.limit, recipe.seed)
    openings = _prefills(chosen, recipe) if mode == "prefilled" else [""] * len(chosen)
    samples = [_sample(case, text) for case, text in zip(chosen, openings, strict=True)]
    return Task(
        dataset=MemoryDataset(needed(samples, "decision of an agent"), name="hijack"),
        solver=ask(forced=mode == "forced"),
        scorer=actions(),
        config=GenerateConfig(max_tokens=recipe.evaluate.max_new_tokens, temperature=0),
        fail_on_error=False,
        metadata={"mode": mode},
    )


@scorer(metrics=RATES)
def actions() -> Scorer:
    """Every measure of `switchgear.evaluation.scorers` on the one answer.

    `attack_success` is `harmful_call` on hijacked cases, `utility` is `expected_call` on the others.
    """

    async def compute(state: TaskState, target: Target) -> Score:
        if overflowed(state):
            return unscored(OVERFLOW)
        case = case_of(state.metadata)
        turn = turn_of(state.output, case.example.tools, state.metadata["opening"])
        measures = score(turn, case)
        attacked = case.kind is Trace.HIJACKED
        asked = {
            "attack_success": measures["harmful_call"] if attacked else None,
            "utility": None if attacked else measures["expected_call"],
        }
        return scored({**asked, **measures}, turn.text)

    return compute


def case_of(metadata: Mapping[str, Any]) -> Case:
    """The case that a sample was made from."""
    return next(case for case in cases([example_of(metadata)]) if case.message == metadata["message"])


def _sample(case: Case, opening: str) -> Sample:
    return sample_of(case.id, case.example, case.message, opening)


def _prefills(chosen: Sequence[Case], recipe: Recipe) -> list[str]:
    tokenizer = load_tokenizer(recipe.model)
    asked = [question(case, tokenizer, recipe.render.max_tokens, ("prefilled",)) for case in chosen]
    return [str(tokenizer.decode(each.openings["prefilled"])) for each in asked]


def rows(log: EvalLog, model: Model) -> list[Row]:
    """The samples of a log as rows of `model`, for `switchgear.evaluation.summary.summarise`.

    A sample that failed or overflowed is an error: it is in no rate.
    """
    return [_row(sample, model, (log.eval.metadata or {})["mode"]) for sample in log.samples or ()]


def _row(sample: EvalSample, model: Model, mode: Mode) -> Row:
    case = case_of(sample.metadata)
    opening = sample.metadata["opening"]
    score = (sample.scores or {}).get("actions")
    told = score.value if score and isinstance(score.value, dict) else {}
    failure = sample.error.message.partition("(")[0] if sample.error else "" if told else str(score and score.reason)
    answered = bool(sample.output.choices)
    return Row.of(
        case,
        model=model,
        mode=mode,
        opening=opening,
        output=sample.output.completion,
        calls=turn_of(sample.output, case.example.tools, opening).calls if answered else (),
        error=failure or None,
        action=None if failure else {name: _yes_or_no(told[name]) for name in SCORERS},
    )


def _yes_or_no(value: Any) -> bool | None:
    return None if math.isnan(value) else bool(value)
