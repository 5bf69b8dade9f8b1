"""From shards to the files of a dataset, a line at a time."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from switchgear.data.dataset.columns import write_parquet
from switchgear.data.dataset.formats import Format
from switchgear.data.dataset.pairs import write_pairs
from switchgear.data.dataset.shards import Shard
from switchgear.data.dataset.splits import Split
from switchgear.runs import read_models, replacing
from switchgear.schema import Example


def write_splits(shards: Iterable[Shard], placed: Sequence[Split], paths: Mapping[Split, Path]) -> None:
    """Each example into the file of its split, if that has one. `placed` has the splits of all the shards' examples."""
    with ExitStack() as stack:
        files = {split: stack.enter_context(replacing(path)) for split, path in paths.items()}
        lines = chain.from_iterable(shard.examples() for shard in shards)
        for line, split in zip(lines, placed, strict=True):
            if split in files:
                files[split].write(line.decode())


def write_format(form: Format, jsonl: Path, tags: Collection[str]) -> None:
    """Write the examples of a JSONL file beside it in another format; no file where there is none."""
    if form is Format.PARQUET and jsonl.stat().st_size:  # `datasets` takes no empty split
        write_parquet(jsonl, jsonl.with_suffix(".parquet"), tags)
    elif form is Format.PAIRS:
        write_pairs(read_models(jsonl, Example), jsonl.with_suffix(".pairs.jsonl"))


def picked(jsonl: Path, numbers: Collection[int]) -> Iterator[Example]:
    """The examples on these lines, counted from 0."""
    with jsonl.open("rb") as file:
        for number, line in enumerate(file):
            if number in numbers:
                yield Example.model_validate_json(line)
