"""AttackQA: questions about attack techniques, and answers that explain and defend. Benign, and near the harmful.

Address: github.com/memo-ozdincer/harmful-agents-meta-dataset, `data/processed/agent_training_data_unified.json`, at
commit 6626fb4f693880dffbea6b76f260d0b9c37ab669 (AttackQA claims Apache-2.0; it quotes MITRE ATT&CK (c) MITRE).

A row, abbreviated:
    {"id": "attackqa_T1234.001_0", "source": "attack_qa", "label": 0, "meta_technique": "T1234.001",
     "prompt": "How is such an attack noticed?", "trace": "<thinking>I need to ...</thinking>\\nIt is noticed by ..."}

The file gathers several datasets. Only the rows of `attack_qa` are read: the labels of the others are wrong (that of
`agent_dojo` says that an injection is there, not that it worked), and there are sources of their own for them.

Quirk: the answer stands behind its reasoning in `<thinking>`, which is left out. A technique with its sub-techniques
(`T1234`, `T1234.001`) is one group.
"""

from collections.abc import Iterator

from pydantic import BaseModel

from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.texts import Origin, example, exchange
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, Trace

ORIGIN = Origin("attackqa", "claimed Apache-2.0 (MITRE ATT&CK: (c) MITRE)")


class Record(BaseModel):
    id: str
    source: str
    prompt: str
    trace: str
    meta_technique: str = ""


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every row, kept or dropped. Raises `DataError` for a file that is damaged or of another dataset."""
    checked(recipe, Options)
    for path in paths(recipe, ".json"):
        for row in shaped(tables.read(path), Record):
            yield row if isinstance(row, Drop) else _example(*row)


def _example(row: tables.Row, record: Record) -> Example | Drop:
    if record.source != "attack_qa":
        return Drop(reason=f"of {record.source}, whose labels here are wrong", row=row.place)
    answer = record.trace.rpartition("</thinking>")[2].strip()
    if not record.prompt.strip() or not answer:
        return Drop(reason="no question or no answer", row=row.place)
    return example(
        ORIGIN,
        row,
        Role.BENIGN,
        exchange(record.prompt, answer),
        id=f"{ORIGIN.name}/{record.id}",
        trace=Trace.CLEAN,
        group=f"{ORIGIN.name}/{record.meta_technique.partition('.')[0]}",
    )
