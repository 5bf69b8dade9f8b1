"""What a model is asked besides the decisions of agents: the prompts of the holdout, and of `evaluate.sources`."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from switchgear.data.contamination.index import Index
from switchgear.data.sources import SOURCES
from switchgear.errors import RecipeError, unknown
from switchgear.recipe import Recipe, SourceRecipe
from switchgear.runs import Run, read_models
from switchgear.schema import Drop, Example

_once: ContextVar[dict[str, list[Example]] | None] = ContextVar("once", default=None)


def holdout(run: Run) -> list[Example]:
    """Raises `RunError` if no dataset is prepared."""
    return list(read_models(run.need(run.dataset / "holdout.jsonl", "prepare"), Example))


def held_out(recipe: Recipe, run: Run) -> list[Example]:
    """The holdout, and the examples of `evaluate.sources` that are not in it and repeat nothing of the training set.

    Raises:
        RecipeError: an unknown source. DataError: files that are missing or damaged. RunError: no dataset.
    """
    kept = _once.get()
    if kept is None:
        return _held_out(recipe, run)
    key = f"{run.root} {recipe.model_dump_json()}"
    if key not in kept:
        kept[key] = _held_out(recipe, run)
    return kept[key]


@contextmanager
def read_once() -> Iterator[None]:
    """Within it, `held_out` reads the files of a recipe and a run once, however often it is asked."""
    before = _once.set({})
    try:
        yield
    finally:
        _once.reset(before)


def _held_out(recipe: Recipe, run: Run) -> list[Example]:
    known = holdout(run)
    names = {example.id for example in known}
    added = [example for source in recipe.evaluate.sources for example in _read(source, recipe.seed)]
    fresh = [example for example in added if example.id not in names]
    trained = _trained_on(fresh, run) if fresh else set()
    return [*known, *(example for example in fresh if example.id not in trained)]


def shuffled(name: str, seed: int) -> str:
    """Sorted by this, names stand in an order that is the same on every machine, and says nothing."""
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def _read(source: SourceRecipe, seed: int) -> Sequence[Example]:
    if source.name not in SOURCES:
        raise RecipeError(unknown("source", source.name, SOURCES))
    rows = (row for row in SOURCES[source.name](source, seed) if not isinstance(row, Drop))
    most = source.max_characters
    kept = sorted((row for row in rows if not most or row.characters <= most), key=lambda row: shuffled(row.id, seed))
    return kept[: source.limit]


def _trained_on(examples: Sequence[Example], run: Run) -> set[str]:
    """The names of those that an example of the training set repeats, or nearly."""
    index = Index(examples)
    return {match.holdout for example in _training(run) if (match := index.match(example))}


def _training(run: Run) -> Iterator[Example]:
    for split in ("train", "validation"):
        path = run.dataset / f"{split}.jsonl"
        if path.exists():
            yield from read_models(path, Example)
