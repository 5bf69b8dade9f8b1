"""What the adapter costs in capability: tasks of lm-eval (extra `capability`), question by question, on both models.

lm-eval's own figures are of one model each; here the same questions are paired, so that far fewer show a difference.
"""

import importlib.util
import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from switchgear.errors import DataError, RecipeError
from switchgear.evaluation.clusters import clustered_mean
from switchgear.evaluation.comparison import compare, discordance
from switchgear.evaluation.rows import MODELS, Model
from switchgear.recipe import CapabilityRecipe

Line = dict[str, Any]
Scores = dict[tuple[str, str, str], dict[str, float]]
"""(task, metric, filter) -> question -> score."""


def check_installed() -> None:
    """Raises `RecipeError` without lm-eval, before anything else is run."""
    if importlib.util.find_spec("lm_eval") is None:
        raise RecipeError(
            "evaluate.capability needs lm-eval: pip install 'switchgear[capability]', or take the section out."
        )


def capability(recipe: CapabilityRecipe | None, model: Any, tokenizer: Any, seed: int = 0) -> list[Line]:
    """A line for each task, metric and filter: both scores and their difference on the same questions. None: no lines.

    Of yes or no, the interval is Newcombe's and the p-value McNemar's; of other scores, the interval is a bootstrap's.

    Args:
        model: a PEFT model, whose adapter is switched off for the frozen one.

    Raises:
        RecipeError: no lm-eval. DataError: a task that there is not, or whose data cannot be read.
    """
    if recipe is None:
        return []
    check_installed()
    asked = {name: _scores(recipe, model, tokenizer, name, seed) for name in MODELS}
    return [
        {"task": task, "metric": metric, "filter": kept, **paired(found, asked["adapted"][task, metric, kept], seed)}
        for (task, metric, kept), found in asked["frozen"].items()
    ]


def paired(frozen: Mapping[str, float], adapted: Mapping[str, float], seed: int = 0) -> Line:
    """Both scores, their difference and the questions that differ, over the questions that both models answered."""
    both = {name: (score, adapted[name]) for name, score in frozen.items() if name in adapted}
    if {score for pair in both.values() for score in pair} <= {0.0, 1.0}:
        told = {name: (bool(first), bool(second)) for name, (first, second) in both.items()}
        return {**compare(told).flat(), **discordance(told)}
    means = [sum(pair[side] for pair in both.values()) / len(both) for side in (0, 1)]
    change = clustered_mean([second - first for first, second in both.values()], list(both), seed)
    differing = [name for name, (first, second) in both.items() if first != second]
    return {
        **{"n": len(both), "frozen": means[0], "adapted": means[1], **change.model_dump()},
        **{"p_value": None, "discordant": differing},
    }


def _scores(recipe: CapabilityRecipe, model: Any, tokenizer: Any, name: Model, seed: int) -> Scores:
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        with model.disable_adapter() if name == "frozen" else nullcontext():
            told = simple_evaluate(
                model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=recipe.batch_size),
                tasks=list(recipe.tasks),
                task_manager=TaskManager(include_path=str(recipe.include_path) if recipe.include_path else None),
                limit=recipe.limit,
                num_fewshot=recipe.few_shot,
                apply_chat_template=recipe.chat_template,
                bootstrap_iters=0,
                log_samples=True,
                random_seed=seed,
                numpy_random_seed=seed,
                torch_random_seed=seed,
                fewshot_random_seed=seed,
            )
    except (KeyError, ValueError, OSError, ImportError, ConnectionError) as error:
        raise DataError(
            f"evaluate.capability: {', '.join(recipe.tasks)} cannot be run ({type(error).__name__}). "
            "`lm-eval ls tasks` lists the known ones; `include_path` adds files of your own, with local data."
        ) from error
    return read(told["samples"])


def read(samples: Mapping[str, Sequence[Mapping[str, Any]]]) -> Scores:
    """Scores in lm-eval's `samples`: task -> questions, each with `doc_id`, `filter`, `metrics` and their values."""
    found: Scores = {}
    for task, questions in samples.items():
        for question in questions:
            for metric in question["metrics"]:
                if isinstance(question[metric], int | float):
                    key = (task, metric, question.get("filter", "none"))
                    found.setdefault(key, {})[str(question["doc_id"])] = float(question[metric])
    return found
