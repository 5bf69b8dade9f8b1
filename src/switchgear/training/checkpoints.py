"""Checkpoints and the adapter on disk: which one to resume from, and what to say when one cannot be written."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peft import PeftModel
from safetensors import SafetensorError

from switchgear.errors import RunError


def newest(folder: Path) -> str | None:
    """The last checkpoint that was written whole: the trainer writes its state file last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _is_json(path)]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None


def save(model: PeftModel, folder: Path, sign: Callable[[Path], None]) -> None:
    """Writes the adapter and has it signed; it takes its place only once it is whole."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(str(partial))
    sign(partial)
    partial.replace(folder)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns what the libraries raise when they cannot write, as on a full disk, into a `RunError`."""
    try:
        yield
    except RunError:
        raise
    except (OSError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "inline_container" not in str(error):  # not the writer of torch.save
            raise
        raise RunError(
            f"A file could not be written: {error}. "
            f"The same command goes on from the last whole checkpoint in {folder}."
        ) from error


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True
