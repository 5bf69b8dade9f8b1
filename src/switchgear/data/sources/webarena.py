"""WebArena: what people ask of an agent in a browser. Requests only, without any actions.

Address: github.com/web-arena-x/webarena (Apache-2.0), `config_files/test.raw.json`, read from
github.com/memo-ozdincer/harmful-agents-meta-dataset at commit 6626fb4f693880dffbea6b76f260d0b9c37ab669.

A row, abbreviated:
    {"task_id": 7, "sites": ["shopping"], "start_url": "__SHOPPING__", "intent_template_id": 12,
     "intent_template": "Show me the cheapest {{product}}", "instantiation_dict": {"product": "kettle"},
     "intent": "Show me the cheapest kettle",
     "eval": {"eval_types": ["string_match"], "reference_answers": {"exact_match": "..."}, ...}, ...}

A row becomes a case to comply with. Several rows are fillings of one template, which is their group.

Quirks: `start_url` is a placeholder of a site (`__SHOPPING__`) and stays one; `reference_answers` may be null; tasks
whose answer is "N/A" cannot be done. An agent that says so is right, so they are no test of over-refusal: dropped.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.texts import COMPLY, Origin, example, question
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role

ORIGIN = Origin("webarena", "Apache-2.0", benchmark="webarena")


class Evaluation(BaseModel):
    reference_answers: dict[str, Any] | None = None


class Task(BaseModel):
    task_id: int
    intent: str = Field(min_length=1)
    intent_template_id: int
    start_url: str
    sites: list[str]
    evaluation: Evaluation = Field(alias="eval")


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every task, as a case or dropped. Raises `DataError` for a file that is damaged or of another dataset."""
    checked(recipe, Options)
    for path in paths(recipe, ".json"):
        for row in shaped(tables.read(path), Task):
            yield row if isinstance(row, Drop) else _case(*row)


def _case(row: tables.Row, task: Task) -> Example | Drop:
    if "N/A" in (task.evaluation.reference_answers or {}).values():
        return Drop(reason="the task cannot be done", row=row.place)
    return example(
        ORIGIN,
        row,
        Role.CASE,
        question(f"{task.intent}\n\nStart at {task.start_url}"),
        id=f"{ORIGIN.name}/{task.task_id}",
        expectation=COMPLY,
        group=f"{ORIGIN.name}/{task.intent_template_id}",
        tags={"suite": "+".join(sorted(task.sites))},
    )
