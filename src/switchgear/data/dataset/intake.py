"""Reading a source: every row is kept, dropped or quarantined, and counted under its reason."""

from collections.abc import Callable, Iterator

from switchgear.data.dataset.licences import Terms, terms
from switchgear.data.dataset.shards import Shard, Tally
from switchgear.data.labels.lint import lint
from switchgear.data.sources import SOURCES
from switchgear.errors import LabelError
from switchgear.recipe import DataRecipe, SourceRecipe
from switchgear.schema import Drop, Example, Role

REFUSALS = "refusal_retain"
"""The tag `source` of every refusal, whatever dataset it is of; that is in the tag `dataset`."""
MAX_QUARANTINED = 0.2
"""Of a source's examples. Above it the labels are not to be trusted, and cleaning up the worst would only hide that."""


def take_in(shard: Shard, seen: Callable[[int], None], recipe: DataRecipe, seed: int) -> None:
    """Write the shard, unless it is there. `seen` is told how many rows were read since it was told last."""
    if not shard.path.exists():
        tally = Tally()
        shard.write(_kept(shard.source, recipe, seed, tally, seen), tally)


def check_labels(source: SourceRecipe, tally: Tally) -> None:
    """Raises `LabelError` for a source whose labels do not fit its rows."""
    wrong, total = tally.quarantined.total(), tally.quarantined.total() + tally.kept
    if wrong > MAX_QUARANTINED * total:
        reasons = "; ".join(f"{count} {reason}" for reason, count in tally.quarantined.most_common())
        raise LabelError(
            f"Source {source.name}: {wrong} of {total} examples contradict their labels ({reasons}). "
            f"At most {MAX_QUARANTINED:.0%} are tolerated. Check what the source takes its labels from."
        )


def _kept(
    source: SourceRecipe, recipe: DataRecipe, seed: int, tally: Tally, seen: Callable[[int], None]
) -> Iterator[Example]:
    for row in SOURCES[source.name](source, seed):
        tally.read += 1
        if tally.read % 1000 == 0:
            seen(1000)
        if isinstance(row, Drop):
            tally.dropped[row.reason] += 1
        elif reason := _unwanted(row, source, recipe):
            tally.dropped[reason] += 1
        elif reason := lint(row):
            tally.quarantined[reason] += 1
        else:
            tally.kept += 1
            yield _tagged(row)
    seen(tally.read % 1000)


def _unwanted(example: Example, source: SourceRecipe, recipe: DataRecipe) -> str | None:
    if source.max_characters and example.characters > source.max_characters:
        return f"longer than {source.max_characters} characters"
    if recipe.commercial_use and (found := terms(example.provenance.licence)) is not Terms.OPEN:
        return f"for commercial use: {found}"
    return None


def _tagged(example: Example) -> Example:
    if example.role is not Role.REFUSAL:
        return example
    origin = example.tags.get("source", example.provenance.dataset)
    return example.model_copy(update={"tags": example.tags | {"source": REFUSALS, "dataset": origin}})
