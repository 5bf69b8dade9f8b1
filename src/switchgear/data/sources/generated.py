"""What `switchgear generate` wrote: a model's answers to prompts that had none, as examples.

`path` is a job's file, `runs/NAME/generated/JOB.jsonl`. A row is an `Example` of ours. It keeps the group, the licence
and the provenance of the prompt's row, so that splits and twins treat it as that row; `provenance.generation` tells
which model wrote the answer, how, and what the judge said.
"""

from collections.abc import Iterator

from switchgear.data.reading.files import paths
from switchgear.data.reading.options import Options, checked
from switchgear.recipe import SourceRecipe
from switchgear.runs import read_models
from switchgear.schema import Drop, Example


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every row. Raises `DataError` for a file that is missing or holds something else."""
    checked(recipe, Options)
    for path in paths(recipe, ".jsonl"):
        yield from read_models(path, Example)
