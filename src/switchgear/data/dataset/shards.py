"""What is read of a source, or of one of its files, on disk until the dataset is whole: a kill loses one shard's work.

A line of a shard is the facts of an example and the example, both JSON, with a tab between them; the last line counts
what was read. A shard is named after everything that it depends on, and takes its place once it is whole.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256 as hashed
from importlib.metadata import version
from pathlib import Path

from switchgear import runs
from switchgear.data.dataset.facts import Facts, dump, facts, load
from switchgear.data.reading.files import paths
from switchgear.data.reading.tables import READERS
from switchgear.errors import DataError
from switchgear.recipe import DataRecipe, SourceRecipe
from switchgear.schema import Example

BY_FILE = ("chat", "ultrachat")
"""Sources whose rows stand for themselves, so that several processes can read their files."""


@dataclass
class Tally:
    """What became of the rows. `kept` are in the shard."""

    read: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.read += other.read
        self.kept += other.kept
        self.dropped += other.dropped
        self.quarantined += other.quarantined


@dataclass(frozen=True)
class Shard:
    """Rows of the recipe's `entry`-th source, all or of one file, that are or will be at `path`."""

    entry: int
    source: SourceRecipe
    path: Path

    def write(self, examples: Iterable[Example], tally: Tally) -> None:
        """`tally` is complete once the last example is taken."""
        with runs.replacing(self.path) as file:
            for example in examples:
                file.write(f"{dump(facts(example)).decode()}\t{example.model_dump_json()}\n")
            file.write(json.dumps(vars(tally), ensure_ascii=False))

    def read(self) -> tuple[list[Facts], Tally]:
        known = []
        with self.path.open("rb") as file:
            for line in file:
                before, tab, _ = line.partition(b"\t")
                if tab:
                    known.append(load(before))
        last = json.loads(before)
        counts = {name: Counter(last[name]) for name in ("dropped", "quarantined")}
        return known, Tally(last["read"], last["kept"], **counts)

    def examples(self) -> Iterator[bytes]:
        """The examples as the lines of a JSONL file."""
        with self.path.open("rb") as file:
            for line in file:
                _, tab, example = line.partition(b"\t")
                if tab:
                    yield example


def planned(recipe: DataRecipe, seed: int, folder: Path) -> list[Shard]:
    """The shards of all sources in the recipe's order. Raises `DataError` for a file that cannot be read."""
    return [
        Shard(entry, part, folder / f"{entry:03}-{source.name}-{_key(part, recipe, seed)}.shard")
        for entry, source in enumerate(recipe.sources)
        for part in _parts(source)
    ]


def _parts(source: SourceRecipe) -> list[SourceRecipe]:
    if source.name not in BY_FILE or source.path is None or "first_rows" in source.options:
        return [source]
    found = [path for path in _named(source) if not source.path.is_dir() or path.suffix.lower() in READERS]
    return [source.model_copy(update={"path": path}) for path in found] or [source]


def _files(source: SourceRecipe) -> list[Path]:
    """All files that its `path` names, at any depth."""
    found = (sorted(path.rglob("*")) if path.is_dir() else [path] for path in _named(source))
    return [path for below in found for path in below if path.is_file()]


def _named(source: SourceRecipe) -> list[Path]:
    """What is at its `path`; nothing if that is the name of something else, or missing: the reader will say so."""
    try:
        return paths(source, "") if source.path else []
    except DataError:
        return []


def _key(source: SourceRecipe, recipe: DataRecipe, seed: int) -> str:
    """Of all that the rows depend on. How many of them are used is decided later."""
    said = source.model_dump(mode="json", exclude={"limit", "weight"})
    versions = [version(name) for name in ("switchgear", "inspect-evals")]
    contents = [runs.sha256(path) for path in _files(source)]
    return hashed(json.dumps([said, recipe.commercial_use, seed, versions, contents]).encode()).hexdigest()[:16]
