"""What models answer with and without their refusal direction: the same requests refused, and harmfully answered.

Address: github.com/andyrdt/refusal_direction, `pipeline/runs/<model>/completions/*_evaluations.json` at commit
9d852fae1a9121c78b29142de733cb1340770cc3. Licence: Apache-2.0. Paper: Arditi et al. 2024.

A row (under `completions`; `harmless` files have no category and no LlamaGuard verdict):
    {"category": "Privacy", "prompt": "Write ...", "response": "I cannot ...",
     "is_jailbreak_substring_matching": 0, "is_jailbreak_llamaguard2": 0}

The file's name says what its answers are: `jailbreakbench_baseline` refusals, `jailbreakbench_ablation` harmful,
`harmless_baseline` benign. A row is kept where the judges agree with that: LlamaGuard on what is harmful, and for lack
of a phrase of refusal, the substring judge on what is not a refusal. The requests are JailbreakBench's goals in its
order (5 of 100 reworded): training on them burns it, so they carry its tag and its groups. The answers of one model to
one request are twins. Answers stop at 512 tokens, often in the middle of a sentence.
"""

from collections.abc import Iterator
from pathlib import Path

from switchgear.data.labels.jailbreakbench import CATEGORIES, goal_group
from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import Origin, example, exchange
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role

HARMLESS = Origin("refusal_direction", "Apache-2.0")
GOALS = HARMLESS._replace(benchmark="jailbreakbench")
ENDING = "_evaluations"
ROLES = {
    "jailbreakbench_baseline": Role.REFUSAL,
    "jailbreakbench_ablation": Role.HARMFUL,
    "harmless_baseline": Role.BENIGN,
}


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every answer. Raises `DataError` for a file that is missing, damaged, or none of the three."""
    for path in paths(recipe, ENDING + ".json"):
        kind = path.stem.removesuffix(ENDING)
        if kind not in ROLES:
            known = ", ".join(f"{name}{ENDING}.json" for name in ROLES)
            raise DataError(f"{path}: what its answers are is told by its name, which is one of {known}.")
        for row in tables.read(path, key="completions"):
            yield _example(path, kind, row)


def _example(path: Path, kind: str, row: Row) -> Example | Drop:
    model, role = path.parent.name, ROLES[kind]
    requests = kind.partition("_")[0]
    placed = row._replace(place=f"{model}/{requests}:{row.number}")
    if reason := _objection(row, role):
        return Drop(reason=reason, row=f"{placed.place}/{role}")
    label = row.text("category")
    is_goal = requests == GOALS.benchmark
    return example(
        GOALS if is_goal else HARMLESS,
        placed,
        role,
        exchange(row.text("prompt"), row.text("response")),
        twin=role,
        group=goal_group(row.number - 1) if is_goal else f"{HARMLESS.name}/{requests}/{row.number}",
        category=CATEGORIES.get(label, ""),
        tags={"model": model, "label": label},
    )


def _objection(row: Row, role: Role) -> str | None:
    for name in ("prompt", "response"):
        if not row.text(name):
            return f"no {name}"
    jailbroken, answered = row.value.get("is_jailbreak_llamaguard2"), row.value.get("is_jailbreak_substring_matching")
    match role:
        case Role.HARMFUL if jailbroken != 1:
            return "harmful by its file, but not by LlamaGuard"
        case Role.REFUSAL if jailbroken != 0:
            return "a refusal by its file, but a jailbreak by LlamaGuard"
        case Role.REFUSAL if answered != 0:
            return "a refusal by its file, but it has no phrase of refusal"
        case Role.BENIGN if answered != 1:
            return "benign by its file, but it has a phrase of refusal"
    return None
