"""The dataset of a run: read the sources, lint, draw, split, write, and count every row on a card."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from switchgear.data.card import describe
from switchgear.data.lint import lint
from switchgear.data.sources import SOURCES, Source
from switchgear.data.splits import Split, draw, split
from switchgear.errors import DataError, LabelError, RecipeError, unknown
from switchgear.recipe import Recipe, SourceRecipe
from switchgear.runs import Run, sha256, write_json, write_models
from switchgear.schema import Drop, Example, Role

MAX_QUARANTINED = 0.2
"""Of a source's examples. Above it the labels are not to be trusted, and cleaning up the worst would only hide that."""
WRITTEN = (Split.TRAIN, Split.VALIDATION, Split.HOLDOUT)


@dataclass
class Intake:
    """What came of one source. `over_limit` were good, and not drawn."""

    recipe: SourceRecipe
    kept: list[Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    read: int = 0
    over_limit: int = 0


def prepare(recipe: Recipe, run: Run, console: Console | None = None) -> dict[str, Any]:
    """Write `run.dataset`: train.jsonl, validation.jsonl, holdout.jsonl and card.json. Returns the card.

    Raises:
        RecipeError: an unknown source, or options that it does not understand.
        DataError: files that cannot be read, two examples of one id, or no harmful or no benign example to train on.
        LabelError: a source whose labels do not fit its rows.
    """
    console = console or Console(stderr=True)
    intakes = [_take_in(source, _source(source.name), recipe.seed, console) for source in recipe.data.sources]
    examples = [example for intake in intakes for example in intake.kept]
    _check_ids(examples)
    splits = split(examples, recipe.data, recipe.seed)
    _check_trainable(splits)
    for name in WRITTEN:
        write_models(run.dataset / f"{name}.jsonl", splits[name])
    card = {
        "seed": recipe.seed,
        "holdout": {tag: list(values) for tag, values in recipe.data.holdout.items()},
        "sources": [_account(intake) for intake in intakes],
        "splits": {name.value: describe(rows) for name, rows in splits.items()},
        "sha256": {f"{name}.jsonl": sha256(run.dataset / f"{name}.jsonl") for name in WRITTEN},
    }
    write_json(run.dataset / "card.json", card)
    return card


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise RecipeError(unknown("source", name, SOURCES))
    return SOURCES[name]


def _take_in(recipe: SourceRecipe, source: Source, seed: int, console: Console) -> Intake:
    intake = Intake(recipe)
    for row in _shown(source(recipe, seed), recipe.name, console):
        intake.read += 1
        if isinstance(row, Drop):
            intake.dropped[row.reason] += 1
        elif recipe.max_characters and row.characters > recipe.max_characters:
            intake.dropped[f"longer than {recipe.max_characters} characters"] += 1
        elif reason := lint(row):
            intake.quarantined[reason] += 1
        else:
            intake.kept.append(row)
    _check_labels(intake)
    drawn = draw(intake.kept, recipe.limit, seed)
    intake.over_limit, intake.kept = len(intake.kept) - len(drawn), drawn
    return intake


def _shown(rows: Iterator[Example | Drop], name: str, console: Console) -> Iterator[Example | Drop]:
    """The rows, counted on the console: live on a terminal, in one line at the end elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed} rows"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield from progress.track(rows, description=name, total=None)
    if not console.is_terminal:
        console.print(f"{name}: read")


def _check_labels(intake: Intake) -> None:
    wrong, total = intake.quarantined.total(), intake.quarantined.total() + len(intake.kept)
    if wrong > MAX_QUARANTINED * total:
        reasons = "; ".join(f"{count} {reason}" for reason, count in intake.quarantined.most_common())
        raise LabelError(
            f"Source {intake.recipe.name}: {wrong} of {total} examples contradict their labels ({reasons}). "
            f"At most {MAX_QUARANTINED:.0%} are tolerated. Check what the source takes its labels from."
        )


def _check_ids(examples: list[Example]) -> None:
    twice = [name for name, count in Counter(example.id for example in examples).items() if count > 1]
    if twice:
        raise DataError(
            f"{len(twice)} ids occur more than once, the first is {twice[0]!r}. Is a source or a file listed twice?"
        )


def _check_trainable(splits: dict[Split, list[Example]]) -> None:
    roles = Counter(example.role for example in splits[Split.TRAIN])
    for role in (Role.HARMFUL, Role.BENIGN):
        if not roles[role]:
            found = ", ".join(f"{len(rows)} {name}" for name, rows in splits.items())
            raise DataError(
                f"There is no {role} example to train on ({found}). Training needs harmful and benign examples: "
                "add a source, raise its `limit`, or hold out less (`data.holdout`)."
            )


def _account(intake: Intake) -> dict[str, Any]:
    quarantined, dropped = intake.quarantined.total(), intake.dropped.total()
    assert intake.read == len(intake.kept) + intake.over_limit + quarantined + dropped, "a row was lost"
    return {
        "name": intake.recipe.name,
        "path": str(intake.recipe.path) if intake.recipe.path else None,
        "options": intake.recipe.options,
        "licences": sorted({example.provenance.licence for example in intake.kept}),
        "revisions": sorted({example.provenance.revision for example in intake.kept}),
        "read": intake.read,
        "kept": describe(intake.kept)["role"],
        "dropped": dict(intake.dropped.most_common()),
        "quarantined": dict(intake.quarantined.most_common()),
        "over_limit": intake.over_limit,
    }
