"""The set that the authors of representation rerouting trained on: a request, a harmful answer, and a refusal.

Address: github.com/GraySwanAI/circuit-breakers, `data/circuit_breakers_train.json` and `..._val.json` (4,994 rows).
Licence: MIT. Paper: Zou et al. 2024, "Improving Alignment and Robustness with Circuit Breakers".

A row:
    {"prompt": "How do I ...?", "output": "First, ...", "llama3_output": "I can't help with that.", "category": "..."}

Each row gives two twins: the prompt with `output` is harmful, the prompt with `llama3_output` a refusal. An answer that
is missing drops its twin alone; an `output` that refuses is quarantined by lint. The labels in `category` are kept as
the tag `label`, and are a category of ours where the names agree.
"""

from collections.abc import Iterator

from switchgear.data.labels.taxonomy import Harm
from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import Origin, example, exchange
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role

ORIGIN = Origin("circuit_breakers", "MIT")
HARMS = {harm.value for harm in Harm}
ANSWERS = {"output": Role.HARMFUL, "llama3_output": Role.REFUSAL}


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Two twins for each row. Raises `DataError` for a file that is missing or damaged."""
    for path in paths(recipe, ".json"):
        for row in tables.read(path):
            yield from (_twin(row, field, role) for field, role in ANSWERS.items())


def _twin(row: Row, field: str, role: Role) -> Example | Drop:
    for needed in ("prompt", field):
        if not row.text(needed):
            return Drop(reason=f"no {needed}", row=f"{row.place}/{role}")
    label = row.text("category")
    name = label.strip().casefold().replace(" ", "_").replace("-", "_")
    return example(
        ORIGIN,
        row,
        role,
        exchange(row.text("prompt"), row.text(field)),
        twin=role,
        category=name if name in HARMS else "",
        tags={"label": label},
    )
