"""Judges of texts and traces. They say what an answer is; a failure to judge is never a score.

To add a format for a model: `build` and `parse` in a file of this folder, one line in `FORMATS`, one test. To add
another kind of judge: a function `(TextJudgeRecipe) -> Judge`, one line in `JUDGES`, one test.
"""

from collections.abc import Callable
from functools import partial

from switchgear.errors import RecipeError, unknown
from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.judges.formats import Format
from switchgear.evaluation.judges.function import python
from switchgear.evaluation.judges.harmbench import HARMBENCH
from switchgear.evaluation.judges.llama_guard import LLAMA_GUARD
from switchgear.evaluation.judges.models import model_judge
from switchgear.evaluation.judges.policy import POLICY_PROMPT
from switchgear.evaluation.judges.qwen3guard import QWEN3GUARD
from switchgear.evaluation.judges.rubric import RUBRIC_PROMPT
from switchgear.evaluation.judges.rules import rules
from switchgear.evaluation.judges.strongreject import STRONGREJECT
from switchgear.evaluation.judges.yes_no import YES_NO
from switchgear.recipe import TextJudgeRecipe

FORMATS: dict[str, Format] = {
    "harmbench": HARMBENCH,
    "llama_guard": LLAMA_GUARD,
    "policy": POLICY_PROMPT,
    "qwen3guard": QWEN3GUARD,
    "rubric": RUBRIC_PROMPT,
    "strongreject": STRONGREJECT,
    "yes_no": YES_NO,
}
JUDGES: dict[str, Callable[[TextJudgeRecipe], Judge]] = {
    "rules": rules,
    "python": python,
    **{name: partial(model_judge, form) for name, form in FORMATS.items()},
}


def judge_of(recipe: TextJudgeRecipe, allow_code: bool) -> Judge:
    """Raises `RecipeError` if the judge is unknown, lacks something, or is code that is not allowed."""
    if recipe.name not in JUDGES:
        raise RecipeError(unknown("judge", recipe.name, JUDGES))
    if recipe.name == "python" and not allow_code:
        raise RecipeError(
            f"The judge runs code that the recipe names: {recipe.model}. If you trust it, name it with --judge."
        )
    return JUDGES[recipe.name](recipe)


def named(text: str) -> TextJudgeRecipe:
    """`NAME` or `NAME=MODEL`, as written on a command line."""
    name, _, model = text.partition("=")
    return TextJudgeRecipe(name=name, model=model)
