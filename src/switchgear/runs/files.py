"""Files and folders written so that nothing is lost: under a temporary name first, and renamed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from switchgear.errors import DataError, RunError

Model = TypeVar("Model", bound=BaseModel)


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
