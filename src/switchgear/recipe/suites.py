"""Presets of section `evaluate`: each replaces fields of the recipe, and the command line comes on top."""

import json
from collections.abc import Mapping
from typing import Any

from switchgear.errors import RecipeError, unknown
from switchgear.recipe.evaluation import EvaluateRecipe
from switchgear.schema import Trace

Values = Mapping[str, Any]


def _prompts(limit: int | None, max_tokens: int) -> list[Values]:
    """Requests to answer, to refuse, and to use tools for, from wherever they were prepared."""
    at_most = {"limit": limit} if limit else {}
    chat = {**at_most, "max_tokens": max_tokens}
    return [
        {"name": "over_refusal", "options": {"source": "xstest", **chat}},
        {"name": "over_refusal", "options": {"source": "agentharm", **chat}},
        {"name": "chat_harm", "options": {"source": "harmbench", **chat}},
        {"name": "chat_harm", "options": {"source": "jailbreakbench", **chat}},
        {"name": "tool_use", "options": {"source": "bfcl", **at_most}},
    ]


def _agentdojo(limit: int | None) -> list[Values]:
    """Live: users' tasks alone, and under attack."""
    at_most = {"limit": limit} if limit else {}
    return [
        {"name": "agentdojo", "options": {"attack": "none", **at_most}},
        {"name": "agentdojo", "options": {"attack": "important_instructions", **at_most}},
    ]


def _agentharm(*files: str) -> list[Values]:
    """Live, with its graders, who need a judge."""
    return [{"name": "agentharm", "options": {"behaviours": file}} for file in files]


SUITES: dict[str, Values] = {
    "quick": {
        "limit": 40,
        "max_new_tokens": 40,
        "tasks": _prompts(20, 128),
        "attacks": [{"name": "prefill", "limit": 20, "budget": [0, 4, 16]}],
    },
    "standard": {
        "limit": 160,
        "max_new_tokens": 64,
        "tasks": [*_prompts(100, 256), *_agentdojo(20)],
        "attacks": [
            {"name": "prefill", "limit": 100},
            {"name": "template", "limit": 20},
            {"name": "embedding", "limit": 10, "budget": [0, 5, 10, 20]},
            {"name": "representation", "limit": 20},
            {"name": "adapter_scaling", "limit": 20},
        ],
    },
    "full": {
        "limit": None,
        "max_new_tokens": 64,
        "tasks": [
            *_prompts(None, 512),
            *_agentdojo(None),
            *_agentharm("harmful_behaviors_test_public.json", "benign_behaviors_test_public.json"),
        ],
        "attacks": [
            {"name": "prefill", "limit": None},
            {"name": "template", "limit": 100},
            {"name": "embedding", "limit": 50, "options": {"restarts": 3}},
            {"name": "representation", "limit": 50},
            {"name": "adapter_scaling", "limit": 50},
        ],
    },
}


def overrides(name: str) -> list[str]:
    """The suite as `key=value` overrides of a recipe. Raises `RecipeError` if there is no such suite."""
    if name not in SUITES:
        raise RecipeError(unknown("suite", name, SUITES))
    return _overrides({"suite": name, **SUITES[name]})


def limited(asked: EvaluateRecipe, most: int) -> list[str]:
    """Overrides that leave at most `most` decisions of each kind, samples of each task and cases of each attack."""

    def least(limit: int | None) -> int:
        return min(limit or most, most)

    kinds = asked.limit if isinstance(asked.limit, dict) else dict.fromkeys(Trace, asked.limit)
    tasks = [
        each.model_copy(update={"options": {**each.options, "limit": least(each.options.get("limit"))}})
        for each in asked.tasks
    ]
    attacks = [each.model_copy(update={"limit": least(each.limit)}) for each in asked.attacks]
    return _overrides(
        {
            "limit": {kind: least(kinds.get(kind)) for kind in Trace},
            "tasks": [each.model_dump(mode="json") for each in tasks],
            "attacks": [each.model_dump(mode="json") for each in attacks],
        }
    )


def _overrides(values: Values) -> list[str]:
    return [f"evaluate.{field}={json.dumps(value)}" for field, value in values.items()]
