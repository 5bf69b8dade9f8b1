"""Checkpoints and the adapter on disk: which one to resume from, and what to say when one cannot be written."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peft import PeftModel
from rich.console import Console
from safetensors import SafetensorError, safe_open

from switchgear.errors import RunError


def newest(folder: Path, console: Console) -> str | None:
    """The last whole checkpoint: the trainer writes its state file last. One with a damaged file is passed over, and
    named: the run takes the steps from the one before it again, and ends the same."""
    written = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _is_json(path)]
    for checkpoint in sorted(written, key=lambda path: int(path.name.split("-")[1]), reverse=True):
        damaged = [path for path in checkpoint.iterdir() if not _is_whole(path)]
        if not damaged:
            return str(checkpoint)
        console.print(f"Passed over: {damaged[0]} is damaged.", markup=False, highlight=False, soft_wrap=True)
    return None


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


def _is_whole(path: Path) -> bool:
    """Whether a file of tensors is as long as it says, and what was saved by torch as it was."""
    try:
        match path.suffix:
            case ".safetensors":
                with safe_open(path, framework="pt"):
                    return True
            case ".pt" | ".pth" | ".bin":
                with zipfile.ZipFile(path) as archive:
                    return archive.testzip() is None
    except (OSError, SafetensorError, zipfile.BadZipFile):
        return False
    return True


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True
