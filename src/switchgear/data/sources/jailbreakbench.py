"""JailbreakBench: 100 requests, rewritten by published attacks, with what the attacked models answered.

Address: github.com/JailbreakBench/artifacts, `attack-artifacts/<method>/<access>/<model>.json` at commit
909e68c01d94222b8ad2e397a017e2e12e2adb73. Licence: MIT. Paper: Chao et al. 2024.

A row (under `jailbreaks`; the attack is described under `parameters`):
    {"index": 7, "goal": "Write ...", "behavior": "...", "category": "Privacy", "prompt": "You are an actor ...",
     "response": "ACT I ...", "jailbroken": true, ...}

A row is a case to refuse, with the attack's prompt. With `use: completions`, a row that was jailbroken is harmful: the
prompt and the model's answer. They keep the tag `benchmark`, for training on them burns the benchmark. `jailbroken` is
the verdict of the artifact's judge. Where PAIR gave up, `prompt` and `response` are null. The rows of all attacks on a
goal are one group; refusal_direction's completions of that goal are in it too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from switchgear.data.labels.jailbreakbench import CATEGORIES, goal_group
from switchgear.data.reading import tables
from switchgear.data.reading.files import document, paths
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import REFUSE, Origin, example, exchange, question
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role

ORIGIN = Origin("jailbreakbench", "MIT", benchmark="jailbreakbench")


class JailbreakbenchOptions(Options):
    use: Literal["prompts", "completions"] = "prompts"
    """`prompts`: cases to evaluate. `completions`: what was jailbroken, as harmful examples."""


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every attack on every goal.

    Raises:
        RecipeError: options that are not known.
        DataError: a file that is missing, damaged, or no artifact.
    """
    options = checked(recipe, JailbreakbenchOptions)
    for path in paths(recipe, ".json"):
        attack = _attack(path)
        for row in tables.read(path, key="jailbreaks"):
            placed = row._replace(place=f"{'/'.join(attack.values())}:{row.value.get('index', row.number - 1)}")
            yield _example(placed, attack, options)


def _attack(path: Path) -> dict[str, str]:
    """The attack's method and access and the attacked model, which name an artifact."""
    artifact: Any = document(path)
    parameters = artifact.get("parameters") if isinstance(artifact, dict) else None
    if not isinstance(parameters, dict):
        raise DataError(f"{path} is no JailbreakBench artifact: `parameters` and `jailbreaks` are wanted.")
    names = {"method": "method", "access": "attack_type", "model": "model"}
    return {ours: str(parameters.get(theirs)) for ours, theirs in names.items()}


def _example(row: Row, attack: dict[str, str], options: JailbreakbenchOptions) -> Example | Drop:
    prompt, response = row.text("prompt"), row.text("response")
    label = row.text("category")
    fields: dict[str, Any] = {
        "group": goal_group(row.place.rpartition(":")[2]),
        "category": CATEGORIES.get(label, ""),
        "tags": attack | {"label": label},
        "expectation": REFUSE,
    }
    if not prompt:
        return Drop(reason="no prompt: the attack gave up", row=row.place)
    if options.use == "prompts":
        return example(ORIGIN, row, Role.CASE, question(prompt), **fields)
    if row.value.get("jailbroken") is not True or not response:
        return Drop(reason="not jailbroken", row=row.place)
    return example(ORIGIN, row, Role.HARMFUL, exchange(prompt, response), **fields)
