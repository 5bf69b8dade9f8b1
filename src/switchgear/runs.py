"""The run folder: where each stage writes, and how it writes without losing anything."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from switchgear.errors import DataError, RunError

Model = TypeVar("Model", bound=BaseModel)
RECORDED_PACKAGES = (
    "switchgear",
    "torch",
    "transformers",
    "peft",
    "inspect-ai",
    "inspect-evals",
    "tokenizers",
    "scipy",
)


@dataclass(frozen=True)
class Run:
    """Paths inside one run folder. Nothing is created until it is written."""

    root: Path

    @property
    def recipe(self) -> Path:
        return self.root / "recipe.yaml"

    @property
    def provenance(self) -> Path:
        return self.root / "provenance.json"

    @property
    def dataset(self) -> Path:
        """train.jsonl, validation.jsonl, holdout.jsonl and the same as Parquet; README.md, card.html, card.json"""
        return self.root / "dataset"

    @property
    def shards(self) -> Path:
        """What was read so far. Gone once the dataset is whole."""
        return self.root / "shards"

    @property
    def generated(self) -> Path:
        """For each job NAME: NAME.jsonl, NAME.card.json"""
        return self.root / "generated"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def adapter(self) -> Path:
        return self.root / "adapter"

    @property
    def metrics(self) -> Path:
        """One JSON line per logged optimiser step."""
        return self.root / "metrics.jsonl"

    @property
    def gates(self) -> Path:
        return self.root / "gates.json"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    @property
    def rows(self) -> Path:
        """One JSON line per case, model and mode."""
        return self.evaluation / "rows.jsonl"

    @property
    def likelihoods(self) -> Path:
        """One JSON line per case and model."""
        return self.evaluation / "likelihoods.jsonl"

    @property
    def summary(self) -> Path:
        return self.evaluation / "summary.json"

    @property
    def report(self) -> Path:
        return self.root / "report.html"

    def need(self, path: Path, stage: str) -> Path:
        """`path`, or a `RunError` that names the stage that writes it."""
        if not path.exists():
            raise RunError(f"{path} does not exist. Run `switchgear {stage}` with the same recipe first.")
        return path


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file that takes `path`'s place once it is whole: an error, a full disk or a kill leaves the old one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise RunError(
            f"{path} could not be written ({error.strerror or error}). What was there before is untouched."
        ) from error
    finally:
        if temporary.exists():
            temporary.unlink()


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A folder that takes `folder`'s place once it is whole: what is read together is never half old and half new."""
    fresh, old = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "old"))
    try:
        for left_over in (fresh, old):
            shutil.rmtree(left_over, ignore_errors=True)
        fresh.mkdir(parents=True)
        yield fresh
        if folder.exists():
            folder.replace(old)
        fresh.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except RunError:
        raise
    except OSError as error:
        raise RunError(
            f"{folder} could not be written ({error.strerror or error}). Run the same command again."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_json(path: Path, value: object) -> None:
    with replacing(path) as file:
        json.dump(value, file, indent=2, ensure_ascii=False)


def read_json(path: Path) -> Any:
    """The content of a JSON file of ours. Raises `DataError` with the place where it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from error


def write_models(path: Path, models: Iterable[BaseModel]) -> None:
    with replacing(path) as file:
        for model in models:
            file.write(model.model_dump_json() + "\n")


def append_model(path: Path, model: BaseModel) -> None:
    """Adds one line to a file that a cut-off stage resumes from."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(model.model_dump_json() + "\n")
    except OSError as error:
        raise RunError(
            f"{path} could not be written ({error.strerror or error}). The same command goes on from the line before."
        ) from error


def resume_models(path: Path, kind: type[Model]) -> list[Model]:
    """What `append_model` wrote so far; a last line that a kill left half written is cut off the file."""
    if not path.exists():
        return []
    whole = path.read_bytes().rfind(b"\n") + 1
    os.truncate(path, whole)
    return list(read_models(path, kind))


def read_models(path: Path, kind: type[Model]) -> Iterator[Model]:
    """Each line of a JSONL file of ours as a `kind`. Raises `DataError` with file, line and fields, never the text."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                fields = ", ".join(".".join(map(str, issue["loc"])) or "line" for issue in error.errors())
                raise DataError(
                    f"{path}:{number} is not a {kind.__name__} (wrong: {fields}). Prepare the dataset again."
                ) from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def environment() -> dict[str, Any]:
    """Versions, commit and machine, for the provenance of a run."""
    versions: dict[str, str | None] = {}
    for name in RECORDED_PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions,
        "git_commit": _git_commit(),
    }


def first_process() -> bool:
    """Whether this is the process that writes and prints: the only one, or the first that `torchrun` started."""
    return os.environ.get("RANK", "0") == "0"


def record(run: Run, **values: Any) -> None:
    """Adds values to the run's provenance; dictionaries are merged into those that are there."""
    if not first_process():
        return
    known = read_json(run.provenance) if run.provenance.exists() else environment()
    for name, value in values.items():
        known[name] = {**known.get(name, {}), **value} if isinstance(value, dict) else value
    write_json(run.provenance, known)


def peak_memory() -> int | None:
    """Largest resident size of this process so far, in bytes. None on Windows, which does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else kilobytes * 1024


def _git_commit() -> str | None:
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
