"""The dataset of a run: read the sources, draw, split, decontaminate, weigh, write, and count every row on a card.

Texts stay on disk: what is read goes into shards (`shards`), all decisions are made on facts of a few
hundred bytes for each example, and the files are put together from the shards' lines. The result depends on the recipe
and the files alone: not on the number of processes, nor on how often the work was cut off.
"""

import shutil
from collections.abc import Collection
from heapq import nsmallest
from pathlib import Path
from typing import Any

from rich.console import Console

from switchgear.data.contamination.shared import shared_by_design
from switchgear.data.dataset.card.build import build, shown
from switchgear.data.dataset.card.counts import CountTokens, tokens
from switchgear.data.dataset.card.pages import write_pages
from switchgear.data.dataset.formats import Format
from switchgear.data.dataset.placement import decontaminate, place, weigh
from switchgear.data.dataset.presence import present
from switchgear.data.dataset.rows import Rows, read
from switchgear.data.dataset.splits import WRITTEN, Split, shuffled
from switchgear.data.dataset.writing import picked, write_format, write_splits
from switchgear.data.sources import SOURCES
from switchgear.errors import RecipeError, unknown
from switchgear.recipe import Recipe
from switchgear.runs import Run, replacing_folder, sha256, write_json
from switchgear.schema import Example

SAMPLED = 200
"""Examples of each split that tokens are counted of."""


def prepare(
    recipe: Recipe,
    run: Run,
    console: Console | None = None,
    *,
    formats: Collection[Format] = (Format.PARQUET,),
    processes: int = 1,
    skip_missing: bool = False,
    count_tokens: CountTokens | None = None,
) -> dict[str, Any]:
    """Write `run.dataset`: train.jsonl, validation.jsonl, holdout.jsonl, the other formats, and the card. Returns it.

    Cut off at any point, the same call goes on: sources that were read are not read again.

    Raises:
        RecipeError: an unknown source, or options that it does not understand.
        DataError: files that cannot be read, two examples of one id, a benchmark that is both trained on and held out,
            or no harmful or no benign example to train on.
        LabelError: a source whose labels do not fit its rows.
        RunError: the dataset cannot be written; the one that was there is untouched.
    """
    console = console or Console(stderr=True)
    recipe, skipped = _readable(recipe, skip_missing)
    rows = read(recipe.data, recipe.seed, run.shards, processes, console)
    place(rows, recipe.data, recipe.seed)
    with replacing_folder(run.dataset) as folder:
        files = {split: folder / f"{split}.jsonl" for split in WRITTEN}
        write_splits(rows.shards, rows.placed, {Split.HOLDOUT: files[Split.HOLDOUT]})
        matches = decontaminate(rows, recipe.data, files[Split.HOLDOUT], processes, console)
        weigh(rows, recipe.data, recipe.seed)
        write_splits(rows.shards, rows.placed, {split: files[split] for split in (Split.TRAIN, Split.VALIDATION)})
        tags = {tag for example in rows.facts for tag in example.tags}
        for form in formats:
            for path in files.values():
                write_format(form, path, tags)
        card = build(recipe, rows, matches, skipped)
        samples = {split.value: _sample(rows, split, path, recipe.seed) for split, path in files.items()}
        card["shared"] = _shared(rows, files)
        card["tokens"] = _token_counts(samples, recipe.render.max_tokens, count_tokens)
        card["sha256"] = {path.name: sha256(path) for path in sorted(folder.iterdir())}
        write_pages(card, shown(samples), folder)
        write_json(folder / "card.json", card)
    shutil.rmtree(run.shards, ignore_errors=True)
    return card


def _readable(recipe: Recipe, skip_missing: bool) -> tuple[Recipe, list[dict[str, str]]]:
    """The recipe with the sources that are to be read, and those that are skipped."""
    for source in recipe.data.sources:
        if source.name not in SOURCES:
            raise RecipeError(unknown("source", source.name, SOURCES))
    if not skip_missing:
        return recipe, []
    here, skipped = present(recipe.data.sources)
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"sources": tuple(here)})}), skipped


def _sample(rows: Rows, split: Split, jsonl: Path, seed: int) -> list[Example]:
    """The same examples on every machine, in the order of the file."""
    names = [example.id for example in rows.of(split)]
    numbers = nsmallest(SAMPLED, range(len(names)), key=lambda number: shuffled(names[number], seed))
    return list(picked(jsonl, set(numbers)))


def _shared(rows: Rows, files: dict[Split, Path]) -> dict[str, int]:
    """What the agents' traces of training and holdout have in common by design."""
    traces = {split: {n for n, example in enumerate(rows.of(split)) if example.trace} for split in files}
    train, holdout = (picked(files[split], traces[split]) for split in (Split.TRAIN, Split.HOLDOUT))
    return shared_by_design(train, holdout).model_dump()


def _token_counts(
    samples: dict[str, list[Example]], max_tokens: int, count: CountTokens | None
) -> dict[str, dict[str, int]]:
    if count is None:
        return {}
    return {name: tokens(examples, max_tokens, count) for name, examples in samples.items() if examples}
