"""The generation stage: prompts -> sampled answers -> verdicts -> those of the wanted kind, as examples."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from switchgear.errors import EndpointError, RecipeError
from switchgear.generation.examples import Attempt, account, harvest
from switchgear.generation.generators import Answer, Generator, Local, Served
from switchgear.generation.jobs import Job, Turn, jobs
from switchgear.generation.judges import Verdict, own_words
from switchgear.model.endpoint import ask
from switchgear.recipe import Recipe
from switchgear.runs import Run, read_json, resumed, sha256, write_json, write_models


class Batch(BaseModel):
    """One line of the file that a cut-off job resumes from."""

    attempts: list[Attempt]


def generate(recipe: Recipe, run: Run, console: Console, allow_code: bool = False) -> dict[str, dict[str, Any]]:
    """Does every job of the recipe that is not done yet, writes `run.generated`, and returns the cards by name.

    Raises:
        RecipeError: no job, a source or judge that is unknown or lacks something, or code that is not allowed.
        DataError: a job without a prompt, or a file that the recipe names and that cannot be read.
        EndpointDownError: a server that cannot be used; the same command goes on from there.
    """
    if not recipe.generate:
        raise RecipeError("The recipe has no `generate` section: recipes/generate.yaml is a commented one.")
    local = cache(lambda: Local(recipe))  # loaded once, and only if it is asked
    planned = [(job, job.recipe.endpoint and Served(job.recipe.endpoint)) for job in jobs(recipe, allow_code)]
    cards = {}
    for job, served in planned:
        card = _finished(job, run)
        if card:
            console.print(f"{job.name}: was generated before")
        cards[job.name] = card or _carry_out(job, served or local(), run, console)
    return cards


def _finished(job: Job, run: Run) -> dict[str, Any] | None:
    """The card of a job whose file is there, made from the same prompts and recipe."""
    examples, about = run.generated / f"{job.name}.jsonl", run.generated / f"{job.name}.card.json"
    if not (examples.exists() and about.exists()):
        return None
    card: dict[str, Any] = read_json(about)
    return card if (card.get("key"), card.get("sha256")) == (job.key, sha256(examples)) else None


def _carry_out(job: Job, generator: Generator, run: Run, console: Console) -> dict[str, Any]:
    partial = run.generated / f"{job.name}.{job.key}.partial.jsonl"
    work = list(enumerate(job.batches()))
    done = resumed(
        partial, Batch, work, lambda each: Batch(attempts=attempts(job, generator, *each)), job.name, console, every=20
    )
    made = [attempt for batch in done for attempt in batch.attempts]
    result = harvest(job, made)
    path = run.generated / f"{job.name}.jsonl"
    write_models(path, result.kept)
    card = account(job, made, result, sha256(path))
    write_json(run.generated / f"{job.name}.card.json", card)
    partial.unlink()
    return card


def attempts(job: Job, generator: Generator, number: int, turns: Sequence[Turn]) -> list[Attempt]:
    """The turns of batch `number`, answered and judged. Raises `EndpointDownError` if a server answers none of them."""
    answers = generator([job.asked(turn.case) for turn in turns], job.recipe, job.seed_of(number))
    verdicts = _verdicts(job, turns, answers)
    return [
        Attempt(case=turn.case.id, sample=turn.sample, answer=answer, verdict=verdicts.get(place))
        for place, (turn, answer) in enumerate(zip(turns, answers, strict=True))
    ]


def _verdicts(job: Job, turns: Sequence[Turn], answers: Sequence[Answer]) -> dict[int, Verdict]:
    """By place, of the answers that say something."""
    said = {
        place: (turn.case, answer.message)
        for place, (turn, answer) in enumerate(zip(turns, answers, strict=True))
        if answer.message and (answer.message.tool_calls or own_words(answer.message, job.recipe.prefill))
    }
    at_a_time = job.recipe.judge.endpoint.concurrency if job.recipe.judge.endpoint else 1
    found = ask(lambda place: job.judge(*said[place]), said, at_a_time)
    return {
        place: Verdict(label="unscored", reason=str(verdict)) if isinstance(verdict, EndpointError) else verdict
        for place, verdict in zip(said, found, strict=True)
    }
