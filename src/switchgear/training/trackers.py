"""Trackers that `train.report_to` names: checked before anything is loaded, named after the run, kept in its folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerState
from transformers.integrations import (
    INTEGRATION_TO_CALLBACK,
    TensorBoardCallback,
    get_available_reporting_integrations,
)

from switchgear.errors import RecipeError, unknown

PROJECT = "switchgear"
"""What wandb and trackio file runs under."""
EXTRAS = ("tensorboard", "trackio", "wandb")


def check(names: Sequence[str]) -> None:
    """Raises `RecipeError` for a tracker that transformers does not know, or whose package is not installed."""
    here = get_available_reporting_integrations() if names else []
    for name in names:
        if name not in INTEGRATION_TO_CALLBACK:
            raise RecipeError(f"train.report_to: {unknown('tracker', name, INTEGRATION_TO_CALLBACK)}")
        if name not in here:
            install = f"pip install 'switchgear[{name}]'" if name in EXTRAS else "Install its package"
            raise RecipeError(
                f"train.report_to={name} is not installed here. {install}, or leave it out. "
                f"Installed are: {', '.join(here) or 'none'}."
            )


@contextmanager
def tracking(names: Sequence[str], root: Path) -> Iterator[list[TrainerCallback]]:
    """Callbacks that send what is logged to trackers. A run that resumes in the run folder `root` goes on in each.

    Raises `RecipeError` if wandb does not start: it wants an account, or `WANDB_MODE=offline`.
    """
    with _wandb(root) if "wandb" in names and PartialState().is_main_process else nullcontext():
        yield [_TensorBoard(root) if name == "tensorboard" else INTEGRATION_TO_CALLBACK[name]() for name in names]


class _TensorBoard(TensorBoardCallback):
    """Writes to one folder, and takes back the steps that a resumed run takes again."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        wanted = os.environ.get("TENSORBOARD_LOGGING_DIR")
        folder = Path(wanted).expanduser() / root.resolve().name if wanted else root / "tensorboard"
        self.logging_dir: str = str(folder)

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **others: Any) -> None:
        if state.is_world_process_zero:
            self.tb_writer = self._SummaryWriter(self.logging_dir, purge_step=state.global_step + 1)
        super().on_train_begin(args, state, control, **others)


def _wandb(root: Path) -> AbstractContextManager[Any]:
    """The run that the callback of transformers finds, which would start one in ./wandb and never finish it."""
    import wandb

    # run-DATE_TIME-ID. Not those of offline-run: two of one id overwrite each other once they are synchronised.
    earlier = next((root / "wandb").glob("run-*-*"), None)
    try:
        run: AbstractContextManager[Any] = wandb.init(
            dir=str(root),
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=root.resolve().name,
            id=earlier.name.partition("run-")[2].partition("-")[2] if earlier else None,
            resume="allow",
            settings=wandb.Settings(console="off"),  # figures alone: what is printed stays here
        )
    except wandb.errors.Error as error:
        raise RecipeError(
            f"train.report_to=wandb: wandb does not start: {error} "
            "Without an account: WANDB_MODE=offline, and later `wandb sync`."
        ) from error
    return run
