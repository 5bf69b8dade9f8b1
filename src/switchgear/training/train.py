"""The training stage: a prepared dataset in, an adapter out, gated before, during and after; a cut-off run resumes."""

from functools import partial

from accelerate import PartialState
from rich.console import Console
from transformers import PreTrainedTokenizerBase, PrinterCallback, TrainerCallback, set_seed

from switchgear.model import fingerprint
from switchgear.model.embedded import base_name
from switchgear.model.load import device, load_tokenizer
from switchgear.recipe import Recipe
from switchgear.runs import Run
from switchgear.training import checkpoints, gates, pools, trackers
from switchgear.training.batches import EVERYTHING, Draws, Row
from switchgear.training.effect import divergence
from switchgear.training.memory import fitting
from switchgear.training.pools import Pools
from switchgear.training.records import MetricsCallback, ProgressCallback
from switchgear.training.start import Start, prepared, reader
from switchgear.training.stopping import GateCallback, InterruptCallback
from switchgear.training.trainer import BreakerTrainer


def train(recipe: Recipe, run: Run, console: Console) -> bool:
    """Trains `run.adapter` on `run.dataset`, resuming from the newest whole checkpoint.

    Under `torchrun` every process calls this; the first alone writes and prints.

    Returns:
        Whether the run is finished. After Ctrl-C it is not, and the same call goes on where it stopped.

    Raises:
        RunError: no dataset is prepared. DataError: a kind of example that `train.batch` draws is missing.
        GateError: the run would not produce a working breaker. ModelError: it does not fit into memory.
        RecipeError: a tracker is unknown, not installed, or does not start.
    """
    if run.adapter.exists():
        console.print(f"Already trained: {run.adapter}")
        return True
    trackers.check(recipe.train.report_to)
    here = PartialState(cpu=device().type == "cpu")
    if not here.is_main_process:
        console = Console(quiet=True)
    set_seed(recipe.seed)
    gate = gates.GateLog(recipe.train.gates, run.gates if here.is_main_process else None, console)
    tokenizer = load_tokenizer(recipe.model)
    drawn = _drawn(recipe, run, tokenizer, gate, console)
    watched = pools.watched(pools.read(run, "validation", recipe, tokenizer, console))
    tracking = trackers.tracking(recipe.train.report_to, run.root)
    with fitting(recipe), checkpoints.writing(run.checkpoints), tracking as tracked:
        start = prepared(recipe)
        trainer = _trainer(recipe, run, start, drawn, watched, tokenizer, console)
        if not _run(trainer, recipe, run, gate, tracked, console):
            return False
        _finish(recipe, run, start, watched if watched[0] else pools.watched(drawn), gate)
    return True


def _drawn(
    recipe: Recipe, run: Run, tokenizer: PreTrainedTokenizerBase, gate: gates.GateLog, console: Console
) -> Pools:
    found = pools.read(run, "train", recipe, tokenizer, console)
    pools.check(found, recipe.train.batch)
    if recipe.train.mask != EVERYTHING:
        found["harmful"] = pools.contested(found)
    gate(gates.masks(found["harmful"]))
    found = pools.with_loss(found, console)
    pools.check(found, recipe.train.batch)
    gate(gates.share(found["harmful"]))
    return found


def _trainer(
    recipe: Recipe,
    run: Run,
    start: Start,
    drawn: Pools,
    watched: tuple[list[Row], list[Row]],
    tokenizer: PreTrainedTokenizerBase,
    console: Console,
) -> BreakerTrainer:
    micro_batches = recipe.train.steps * recipe.train.accumulate * PartialState().num_processes
    draws = Draws(drawn, recipe.train.batch, micro_batches, recipe.seed)
    read = reader(recipe.train, start, drawn, tokenizer.pad_token_id, console)
    validation = [row for rows in watched for row in rows]
    return BreakerTrainer(start.model, recipe, draws, validation, read, run.checkpoints)


def _run(
    trainer: BreakerTrainer,
    recipe: Recipe,
    run: Run,
    gate: gates.GateLog,
    tracked: list[TrainerCallback],
    console: Console,
) -> bool:
    interrupt, progress = InterruptCallback(), ProgressCallback(console)
    trainer.remove_callback(PrinterCallback)
    for callback in (MetricsCallback(run.metrics), *tracked, progress, GateCallback(recipe.train, gate), interrupt):
        trainer.add_callback(callback)
    with interrupt, progress:
        trainer.train(resume_from_checkpoint=checkpoints.newest(run.checkpoints, console))
    if interrupt.interrupted:
        console.print(f"Stopped at step {trainer.state.global_step}. `switchgear train` goes on from there.")
    return not interrupt.interrupted


def _finish(recipe: Recipe, run: Run, start: Start, watched: tuple[list[Row], list[Row]], gate: gates.GateLog) -> None:
    harmful, benign = (divergence(start.model, rows) for rows in watched)
    gate(gates.effect(harmful))
    gate(gates.benign(benign, harmful))
    if PartialState().is_main_process:
        sign = partial(fingerprint.write, digest=start.digest, name=base_name(recipe.model))
        checkpoints.save(start.model, run.adapter, sign)
    PartialState().wait_for_everyone()
