"""A job, checked whole before anything is sampled: its prompts, its judge, and what its answers depend on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from switchgear.generation import texts
from switchgear.generation.judges import Judge, judge_of
from switchgear.generation.prompts import prompts
from switchgear.recipe import GenerateRecipe, Recipe
from switchgear.schema import Example, Message

_PATIENCE = {"timeout", "attempts", "concurrency"}
_NO_MATTER: dict[str, Any] = {"endpoint": _PATIENCE, "judge": {"endpoint": _PATIENCE}}


class Turn(NamedTuple):
    """One answer that is wanted, the `sample`-th to a case."""

    case: Example
    sample: int


@dataclass(frozen=True)
class Job:
    """`key` is what the answers depend on: those of other prompts, or of another recipe, are not resumed from."""

    name: str
    recipe: GenerateRecipe
    seed: int
    cases: list[Example]
    skipped: Counter[str]
    system: str
    judge: Judge
    key: str

    def batches(self) -> list[list[Turn]]:
        """All turns: case after case, all samples of one together."""
        turns = [Turn(case, sample) for case in self.cases for sample in range(self.recipe.samples)]
        size = self.recipe.batch_size
        return [turns[start : start + size] for start in range(0, len(turns), size)]

    def seed_of(self, batch: int) -> int:
        return int(texts.digest(str(self.seed), self.name, str(batch))[:7], 16)

    def asked(self, case: Example) -> Example:
        """A case as the generator is given it: with the job's system prompt before its own."""
        if not self.system:
            return case
        own = [message for message in case.messages[:1] if message.role == "system"]
        content = "\n\n".join([self.system, *(message.content for message in own)])
        system = Message(role="system", content=content)
        return case.model_copy(update={"messages": (system, *case.messages[len(own) :])})


def jobs(recipe: Recipe, allow_code: bool) -> Iterator[Job]:
    """The jobs of a recipe, in its order. Raises `RecipeError` and `DataError` for what is wrong with one."""
    for name, job in recipe.generate.items():
        found = prompts(job, recipe.seed)
        system = texts.read(job.system)
        key = texts.digest(
            name,
            job.model_dump_json(exclude=_NO_MATTER),
            recipe.model_dump_json(include={"seed", "model", "render"}),
            system,
            texts.read(job.judge.rubric),
            *(case.model_dump_json() for case in found.cases),
        )
        judge = judge_of(job, allow_code)
        yield Job(name, job, recipe.seed, found.cases, found.skipped, system, judge, key[:16])
