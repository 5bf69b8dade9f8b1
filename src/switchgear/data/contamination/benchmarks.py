"""Public benchmarks whose prompts must not be trained on: fingerprints of them, so that nobody needs to have them here.

`benchmarks.json` holds for each prompt eight bytes that tell whether a text has the same words, and the hashes of its
shingles (see `fingerprints`), sorted; no text. It is rebuilt from the files that the sources
`agentharm`, `harmbench`, `jailbreakbench` and `xstest` read, in folders of these names, at the revisions below:

    python -m switchgear.data.contamination.benchmarks FOLDER

Of JailbreakBench it has the goals and what GCG and PAIR made of them; of AgentHarm harmful, benign and chat prompts.
AgentDojo and InjecAgent are left out: they are what agents are trained on here, and held out by suite, family or tag.
"""

import argparse
import struct
from base64 import b64decode, b64encode
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter

from switchgear.data.contamination.fingerprints import DIGEST_BYTES, Fingerprint, fingerprint
from switchgear.data.reading import tables
from switchgear.errors import DataError, RecipeError, unknown
from switchgear.runs import replacing

FILE = "benchmarks.json"


def _packed(prompt: Fingerprint) -> str:
    return b64encode(prompt.digest + struct.pack(f"<{len(prompt.shingles)}I", *sorted(prompt.shingles))).decode()


def _unpacked(value: object) -> object:
    if not isinstance(value, str):
        return value
    raw = b64decode(value)
    return Fingerprint(raw[:DIGEST_BYTES], {shingle for (shingle,) in struct.iter_unpack("<I", raw[DIGEST_BYTES:])})


class Benchmark(BaseModel):
    """The prompts of a benchmark by where they stand (`harmbench_test.json:12`); the first of equal ones."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    repository: str
    revision: str
    licence: str
    prompts: dict[str, Annotated[Fingerprint, BeforeValidator(_unpacked), PlainSerializer(_packed)]]


class Origin(NamedTuple):
    """Where a benchmark is published, the files that are read, the list in them, and the fields that are prompts."""

    repository: str
    revision: str
    licence: str
    pattern: str
    key: str
    fields: tuple[str, ...]


ORIGINS = {
    "agentharm": Origin(
        "github.com/memo-ozdincer/harmful-agents-meta-dataset",
        "6626fb4f693880dffbea6b76f260d0b9c37ab669",
        "MIT, for safety work only",
        "[!t]*.json",
        "behaviors",
        ("prompt",),
    ),
    "harmbench": Origin(
        "github.com/ks-fahad/CircuitBreakers",
        "899261b2fec021fd2658a9bc142dbc28bec871b3",
        "MIT",
        "harmbench_test.json",
        "data",
        ("behavior",),
    ),
    "jailbreakbench": Origin(
        "github.com/JailbreakBench/artifacts",
        "909e68c01d94222b8ad2e397a017e2e12e2adb73",
        "MIT",
        "*/*/*.json",
        "jailbreaks",
        ("goal", "prompt"),
    ),
    "xstest": Origin(
        "github.com/paul-rottger/exaggerated-safety",
        "d7bb5bd738c1fcbc36edd83d5e7d1b71a3e2d84d",
        "CC-BY-4.0",
        "*.csv",
        "",
        ("prompt",),
    ),
}


def bundled(allow: Collection[str] = ()) -> tuple[Benchmark, ...]:
    """The benchmarks of `benchmarks.json` but those of these names. Raises `RecipeError` for one that is not there."""
    benchmarks = _load()
    for name in allow:
        if name not in (known := [benchmark.name for benchmark in benchmarks]):
            raise RecipeError(f"data.allow_benchmarks: {unknown('benchmark', name, known)}")
    return tuple(benchmark for benchmark in benchmarks if benchmark.name not in allow)


def build(name: str, folder: Path) -> Benchmark:
    """A benchmark from its files in `folder`. Raises `DataError` for files that are missing or damaged."""
    origin = ORIGINS[name]
    paths = sorted(folder.glob(origin.pattern))
    if not paths:
        raise DataError(f"There is no {origin.pattern} in {folder}. It is published at {origin.repository}.")
    prompts: dict[bytes, tuple[str, Fingerprint]] = {}
    for path in paths:
        for row in tables.read(path, origin.key):
            for field in origin.fields:
                if text := row.text(field):
                    place = f"{path.relative_to(folder).as_posix()}:{row.number}/{field}"
                    prompt = fingerprint(text)
                    prompts.setdefault(prompt.digest, (place, prompt))
    return Benchmark(
        name=name,
        repository=origin.repository,
        revision=origin.revision,
        licence=origin.licence,
        prompts=dict(prompts.values()),
    )


@cache
def _load() -> tuple[Benchmark, ...]:
    return _BENCHMARKS.validate_json(files("switchgear.data.contamination").joinpath(FILE).read_bytes())


_BENCHMARKS = TypeAdapter(tuple[Benchmark, ...])


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuild the fingerprints of the bundled benchmarks.")
    parser.add_argument("folder", type=Path, help=f"holds the folders {', '.join(ORIGINS)}")
    folder = parser.parse_args().folder
    benchmarks = tuple(build(name, folder / name) for name in ORIGINS)
    with replacing(Path(__file__).with_name(FILE)) as file:
        file.write(_BENCHMARKS.dump_json(benchmarks, indent=1).decode() + "\n")
    print(", ".join(f"{benchmark.name}: {len(benchmark.prompts)} prompts" for benchmark in benchmarks))


if __name__ == "__main__":
    main()
