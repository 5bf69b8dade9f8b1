"""How long `prepare` takes and how much memory, beside a plain `json.loads` loop over the same files.

    python benchmarks/prepare.py DATA [--rows 1000000] [--processes N] [--out results.json]

DATA is a folder laid out as recipes/full.yaml says; sources that it lacks are left out and named. Measured are

- everything: the whole recipe, in one command;
- files: the same without the sources that are generated here, beside `json.loads` on each of their files;
- synthetic: rows of random words, a fiftieth of them held out, beside `json.loads` on each of their lines.

Each is measured in a process of its own, with near-duplicate detection, Parquet and card; memory is the largest
resident size of that process, and of the largest of its workers.
"""

import argparse
import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from switchgear.data.dataset.prepare import prepare
from switchgear.data.dataset.presence import present
from switchgear.data.dataset.workers import available
from switchgear.data.reading.files import paths
from switchgear.recipe import Recipe, SourceRecipe, load
from switchgear.runs import Run

RECIPE = Path(__file__).parents[1] / "recipes" / "full.yaml"
FILES = 10
VOCABULARY = 20_000
READABLE = {".json", ".jsonl", ".csv"}


def everything(data: Path, root: Path, processes: int) -> dict[str, Any]:
    """The full recipe on the files of `data`."""
    return _prepared(_full(data, root), processes)


def files(data: Path, root: Path, processes: int) -> dict[str, Any]:
    """Its sources that have files, and a plain loop over those."""
    recipe = _full(data, root)
    with_files = tuple(source for source in recipe.data.sources if source.path)
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"sources": with_files})})
    found = [path for source in with_files for path in _files(source)]
    return {"loop_seconds": _timed(partial(_loop, found))} | _prepared(recipe, processes)


def synthetic(rows: int, root: Path, processes: int) -> dict[str, Any]:
    """`rows` made-up rows in several files, and a plain loop over those."""
    folder = root / "synthetic"
    _write(folder, rows)
    sources = [{"name": "chat", "path": folder, "options": {"dataset": "made", "licence": "CC0-1.0"}}]
    values = {"run": root / "run", "model": {"name": "none"}, "data": {"sources": sources}}
    loop = _timed(partial(_loop, sorted(folder.iterdir())))
    return {"loop_seconds": loop} | _prepared(Recipe.model_validate(values), processes)


def _full(data: Path, root: Path) -> Recipe:
    recipe = load(RECIPE, [f"run={root / 'run'}"])
    sources = [
        source.model_copy(update={"path": data / source.path.relative_to("data")}) if source.path else source
        for source in recipe.data.sources
    ]
    here, skipped = present(sources)
    print("left out:", ", ".join(source["path"] for source in skipped) or "nothing")
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"sources": tuple(here)})})


def _prepared(recipe: Recipe, processes: int) -> dict[str, Any]:
    began = time.perf_counter()
    card = prepare(recipe, Run(recipe.run), Console(quiet=True), processes=processes)
    seconds = time.perf_counter() - began
    read = sum(source["read"] for source in card["sources"])
    return {
        "rows": read,
        "seconds": seconds,
        "rows_per_second": read / seconds,
        "peak_mib": _peak(resource.RUSAGE_SELF),
        "largest_worker_mib": _peak(resource.RUSAGE_CHILDREN),
        "processes": processes,
        "written": {name: split["examples"] for name, split in card["splits"].items()},
        "train_sha256": card["sha256"]["train.jsonl"],
    }


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def _files(source: SourceRecipe) -> list[Path]:
    found = [file for path in paths(source, "") for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    return [file for file in found if file.suffix in READABLE]


def _loop(found: list[Path]) -> None:
    for path in found:
        if path.suffix == ".csv":
            with path.open(newline="") as file:
                list(csv.DictReader(file))
            continue
        text = path.read_bytes()
        try:
            json.loads(text)
        except json.JSONDecodeError:  # a document on each line, whatever its name
            for line in path.open("rb"):
                json.loads(line)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _write(folder: Path, rows: int) -> None:
    draw = random.Random(0)
    words = [f"word{number}" for number in range(VOCABULARY)]
    folder.mkdir(parents=True)
    for number in range(FILES):
        with (folder / f"{number}.jsonl").open("w") as file:
            for _ in range(rows // FILES):
                file.write(json.dumps(_row(draw, words)) + "\n")


def _row(draw: random.Random, words: list[str]) -> dict[str, str]:
    row = {"user_prompt": " ".join(draw.choices(words, k=30))}
    kind = draw.random()
    if kind < 0.02:
        return row | {"role": "case"}
    return row | {"harmful_completion" if kind < 0.3 else "benign_completion": " ".join(draw.choices(words, k=70))}


def _alone(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """The result of `work(argument, scratch folder, processes)` in a fresh process."""
    with tempfile.TemporaryDirectory() as root, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        subject, processes = arguments
        return pool.submit(work, subject, Path(root), processes).result()


def _table(results: dict[str, dict[str, Any]]) -> Table:
    table = Table("", "rows", "seconds", "rows/s", "json.loads loop, s", "times the loop", "peak MiB", "largest worker")
    for name, found in results.items():
        loop = found.get("loop_seconds")
        table.add_row(
            name,
            f"{found['rows']:,}",
            f"{found['seconds']:.1f}",
            f"{found['rows_per_second']:,.0f}",
            f"{loop:.2f}" if loop else "",
            f"{found['seconds'] / loop:.1f}" if loop else "",
            f"{found['peak_mib']:.0f}",
            f"{found['largest_worker_mib']:.0f}",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="without it, only the synthetic rows")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=available())
    parser.add_argument("--out", type=Path, default=Path("prepare-benchmark.json"))
    given = parser.parse_args()
    results = {}
    if given.data:
        results["everything"] = _alone(everything, given.data.absolute(), given.processes)
        results["files"] = _alone(files, given.data.absolute(), given.processes)
    if given.rows:
        results["synthetic"] = _alone(synthetic, given.rows, given.processes)
    Console(width=120).print(_table(results))
    given.out.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
