"""A model as a judge, through Inspect: a local folder (`hf/FOLDER`), a server (`vllm/NAME`, `openai-api/SERVICE/NAME`),
or any other model that Inspect knows."""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from tenacity import RetryError

from switchgear.errors import ModelError, RecipeError
from switchgear.evaluation.judges.base import Judge, JudgeError
from switchgear.evaluation.judges.formats import Format
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.scorers.outcome import Verdict
from switchgear.recipe import TextJudgeRecipe
from switchgear.schema import Message

RETRIES = 1
LIKELIEST = 20  # first tokens that are asked for; servers allow no more
ROLES = {"system": "ChatMessageSystem", "user": "ChatMessageUser", "assistant": "ChatMessageAssistant"}


def model_judge(form: Format, recipe: TextJudgeRecipe) -> Judge:
    """Raises `RecipeError` without a model, `ModelError` for one that Inspect cannot open."""
    if not recipe.model:
        raise RecipeError(f"Judge {recipe.name} needs a model: hf/FOLDER, vllm/NAME or openai-api/SERVICE/NAME.")
    if recipe.policy and not form.takes_policy:
        raise RecipeError(f"Judge {recipe.name} has words of its own: a `policy` is for `policy` and `rubric`.")
    policy = _policy(recipe)
    model = opened_model(recipe, form.template)

    async def ask(item: Item) -> Verdict:
        try:
            messages = form.build(item, policy)
            output = await model.generate(_chat(messages), config=_config(recipe, form))
        except Exception as error:  # servers and providers fail in ways of their own, and may quote the prompt
            raise JudgeError(_kind(error)) from error
        if output.error:
            raise JudgeError("the model reported an error")
        first = _first_token(output)
        return form.graded(output.completion, first) if form.graded and first else form.parse(output.completion)

    depends = [recipe.name, form.version, form.max_tokens, recipe.model, recipe.base_url, recipe.options, policy]
    key = hashlib.sha256(json.dumps(depends, sort_keys=True, default=str).encode()).hexdigest()
    return Judge(recipe.name, recipe.model, ask, key, recipe.timeout, recipe.concurrency)


def opened_model(recipe: TextJudgeRecipe, template: str | None = None) -> Any:
    """The model behind a judge, as Inspect's; a local one is greedy. Raises `ModelError` if Inspect cannot open it."""
    from inspect_ai.model import get_model

    arguments = dict(recipe.options)
    if recipe.model.startswith("hf/"):
        own = {"chat_template": template} if template else {}
        arguments = {"do_sample": False, **own, **arguments}
    try:
        return get_model(recipe.model, base_url=recipe.base_url, memoize=False, **arguments)
    except Exception as error:  # Inspect's own, the provider's, or of the package that it needs
        cause = str(error).strip().split("\n")[0][:300]
        raise ModelError(f"Judge {recipe.name}: {recipe.model} cannot be opened ({cause}).") from error


def _config(recipe: TextJudgeRecipe, form: Format) -> Any:
    """Greedy, and bounded: left alone, Inspect tries again without end."""
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(
        max_tokens=form.max_tokens,
        temperature=None if recipe.model.startswith("hf/") else 0,
        max_retries=RETRIES,
        timeout=max(1, int(recipe.timeout)),
        max_connections=recipe.concurrency,
        logprobs=True if form.graded else None,
        top_logprobs=LIKELIEST if form.graded else None,
    )


def _first_token(output: Any) -> dict[str, float]:
    """Probabilities of what the reply could have begun with; empty where the backend does not tell."""
    logprobs = output.choices[0].logprobs if output.choices else None
    likeliest = logprobs.content[0].top_logprobs if logprobs and logprobs.content else None
    return {each.token: math.exp(each.logprob) for each in likeliest or ()}


def _chat(messages: Sequence[Message]) -> list[Any]:
    import inspect_ai.model as inspect_model

    return [getattr(inspect_model, ROLES[message.role])(content=message.content) for message in messages]


def _kind(error: Exception) -> str:
    """Of a request that was tried again, what the last try died of."""
    last = error.last_attempt.exception() if isinstance(error, RetryError) else None
    return type(last or error).__name__


def _policy(recipe: TextJudgeRecipe) -> str:
    if recipe.policy is None:
        return ""
    try:
        return recipe.policy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"Judge {recipe.name}: its policy {recipe.policy} cannot be read ({error}).") from error
