"""What is to be answered: the cases of a job's sources, of the kind that its answers are for."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from switchgear.data.dataset.facts import facts
from switchgear.data.dataset.splits import draw
from switchgear.data.sources import SOURCES
from switchgear.errors import DataError, RecipeError, unknown
from switchgear.recipe import GenerateRecipe, SourceRecipe
from switchgear.schema import Drop, Example, Role

ASKS = {"harmful": "refuse", "benign": "comply", "refusal": "refuse"}
"""Kind -> what a good answer to its prompts does. Prompts that do not tell it are taken at the recipe's word."""


class Prompts(NamedTuple):
    """Cases in the order of the sources, and why other rows were left out."""

    cases: list[Example]
    skipped: Counter[str]


def prompts(job: GenerateRecipe, seed: int) -> Prompts:
    """The cases of all sources of a job.

    Raises:
        RecipeError: an unknown source. DataError: no case, or one that is read twice.
    """
    cases: list[Example] = []
    skipped: Counter[str] = Counter()
    for source in job.prompts:
        taken = []
        for row in _rows(source, seed):
            reason = row.reason if isinstance(row, Drop) else _objection(row, source, job.kind)
            if isinstance(row, Drop) or reason:
                skipped[reason] += 1
            else:
                taken.append(row)
        drawn = draw([facts(case) for case in taken], source.limit, seed)
        skipped["over the limit"] += len(taken) - len(drawn)
        cases += [case for place, case in enumerate(taken) if place in drawn]
    skipped = +skipped
    names = ", ".join(source.name for source in job.prompts)
    if not cases:
        reasons = "; ".join(f"{count} {reason}" for reason, count in skipped.most_common())
        raise DataError(f"There is no prompt for {job.kind} answers in {names} ({reasons or 'nothing was read'}).")
    if len({case.id for case in cases}) < len(cases):
        raise DataError(f"Prompts of {names} are read twice: is a source or a file listed twice?")
    return Prompts(cases, skipped)


def _rows(source: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    if source.name not in SOURCES:
        raise RecipeError(unknown("source", source.name, SOURCES))
    return SOURCES[source.name](source, seed)


def _objection(row: Example, source: SourceRecipe, kind: str) -> str:
    if row.role is not Role.CASE:
        return f"has an answer: {row.role}"
    if row.expectation.behaviour not in (None, ASKS[kind]):
        return f"a prompt to {row.expectation.behaviour}"
    if source.max_characters and row.characters > source.max_characters:
        return f"longer than {source.max_characters} characters"
    return ""
