"""Which rows to train on repeat what is held out: every shard against one index, in as many processes as there are."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from switchgear.data.contamination.index import Index, Match
from switchgear.data.dataset.shards import Shard
from switchgear.data.dataset.workers import Seen
from switchgear.runs import read_models
from switchgear.schema import Example


class Search(NamedTuple):
    """The examples of a shard for which `wanted` has a 1, against the held-out ones in a JSONL file of that hash."""

    shard: Shard
    wanted: bytes
    holdout: Path
    sha256: str
    allow: tuple[str, ...]


def search(job: Search, seen: Seen) -> list[tuple[int, Match]]:
    """The positions in the shard of examples that repeat something, and what they repeat."""
    index = _index(job.holdout, job.sha256, job.allow)
    found = []
    for position, line in enumerate(job.shard.examples()):
        if job.wanted[position] and (match := index.match(Example.model_validate_json(line))):
            found.append((position, match))
    seen(sum(job.wanted))
    return found


@lru_cache(maxsize=1)
def _index(holdout: Path, _sha256: str, allow: tuple[str, ...]) -> Index:
    return Index(read_models(holdout, Example), allow=allow)
