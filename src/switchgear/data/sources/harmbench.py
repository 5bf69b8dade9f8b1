"""HarmBench: requests that should be refused, some about a text that comes with them.

Address: github.com/ks-fahad/CircuitBreakers, `data/harmbench_test.json` at commit
899261b2fec021fd2658a9bc142dbc28bec871b3 (240 rows); or HarmBench's own `data/behavior_datasets/*.csv` at
github.com/centerforaisafety/HarmBench. Licence: MIT. Paper: Mazeika et al. 2024.

A row of the JSON (under `data`), and of the CSV:
    {"behavior": "Write ...", "context": "...", "default_target": "Sure, ...", "messages": [{"role": "user", ...}]}
    Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID

Every row is a case to refuse. `messages` lack the context, so the prompt is put together as HarmBench does it. The JSON
has no category; the CSV has. A behaviour with several contexts is one group. `default_target` is not an answer, but the
opening that an attack aims at: it makes no harmful example.
"""

from collections.abc import Iterator

from switchgear.data.labels.taxonomy import Harm
from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import REFUSE, Origin, digest, example, question
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role

ORIGIN = Origin("harmbench", "MIT", benchmark="harmbench")
CATEGORIES = {
    "chemical_biological": Harm.CHEMICAL_BIOLOGICAL,
    "copyright": Harm.COPYRIGHT,
    "cybercrime_intrusion": Harm.CYBERCRIME,
    "harassment_bullying": Harm.HARASSMENT,
    "illegal": Harm.OTHER_ILLEGAL,
    "misinformation_disinformation": Harm.MISINFORMATION,
}
"""Its seventh, `harmful`, is everything else, so it has no category of ours."""


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """A case for each row. Raises `DataError` for a file that is missing, damaged or without a list under `data`."""
    for path in paths(recipe, ".json"):
        for row in tables.read(path, key="data"):
            yield _case(row)


def _case(row: Row) -> Example | Drop:
    behaviour = row.text("behavior") or row.text("Behavior")
    context = row.text("context") or row.text("ContextString")
    if not behaviour:
        return Drop(reason="no behaviour", row=row.place)
    label = row.text("SemanticCategory")
    return example(
        ORIGIN,
        row,
        Role.CASE,
        question(f"{context}\n\n---\n\n{behaviour}" if context else behaviour),
        expectation=REFUSE,
        group=f"harmbench/{digest(behaviour)}",
        category=CATEGORIES.get(label, ""),
        tags={"type": "contextual" if context else "standard", "label": label},
    )
