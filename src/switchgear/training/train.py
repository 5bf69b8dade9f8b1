"""The training stage: a prepared dataset in, an adapter out, gated before, during and after; a cut-off run resumes."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest

import torch
from peft import PeftModel
from rich.console import Console
from rich.progress import track
from torch.nn.functional import kl_div
from transformers import PreTrainedTokenizerBase, PrinterCallback, set_seed

from switchgear.errors import DataError
from switchgear.model.hidden_states import blocks_of, target_indices
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.model.packing import layout_for
from switchgear.model.render import render
from switchgear.recipe import Recipe
from switchgear.runs import Run, read_models
from switchgear.schema import Example
from switchgear.training import checkpoints, gates
from switchgear.training.batches import Draws, Row, kind_of, row, uncontested
from switchgear.training.callbacks import GateCallback, InterruptCallback, MetricsCallback, ProgressCallback
from switchgear.training.trainer import BreakerTrainer

WATCHED_ROWS = 4
"""Harmful and benign validation rows each: enough for a curve, cheap enough to be read often."""

Pools = dict[str, list[Row]]


def train(recipe: Recipe, run: Run, console: Console) -> bool:
    """Trains `run.adapter` on `run.dataset`, resuming from the newest whole checkpoint.

    Returns:
        Whether the run is finished. After Ctrl-C it is not, and the same call goes on where it stopped.

    Raises:
        RunError: no dataset is prepared. DataError: a kind of example that `train.batch` draws is missing.
        GateError: the run would not produce a working breaker.
    """
    if run.adapter.exists():
        console.print(f"Already trained: {run.adapter}")
        return True
    set_seed(recipe.seed)
    gate = gates.GateLog(run.gates, console)
    tokenizer = load_tokenizer(recipe.model)
    pools = _pools(run, "train", recipe, tokenizer, console)
    _check(pools, recipe)
    pools["harmful"] = uncontested(
        pools["harmful"], [row for kind, rows in pools.items() if kind != "harmful" for row in rows]
    )
    gate(gates.masks(pools))
    held_aside = _pools(run, "validation", recipe, tokenizer, console)
    harmful, benign = _watched(held_aside)

    frozen = load_model(recipe.model)
    targets = target_indices(recipe.train.target_layers, len(blocks_of(frozen)))
    model = add_adapter(frozen, recipe.train.lora, layers=max(targets))
    draws = Draws(pools, recipe.train.batch, recipe.train.steps * recipe.train.accumulate, recipe.seed)
    longest = sorted((row.ids for rows in pools.values() for row in rows), key=len, reverse=True)
    lay_out, reason = layout_for(model, longest, max(targets), tokenizer.pad_token_id)
    if reason:
        console.print(f"[yellow]Rows are padded[/]: this model cannot read them as a trie, because {reason}.")
    trainer = BreakerTrainer(model, recipe, draws, [*harmful, *benign], targets, lay_out, run.checkpoints)
    interrupt, progress = InterruptCallback(), ProgressCallback(console)
    trainer.remove_callback(PrinterCallback)
    for callback in (MetricsCallback(run.metrics), progress, GateCallback(recipe.train, gate), interrupt):
        trainer.add_callback(callback)
    with interrupt, progress, checkpoints.writing(run.checkpoints):
        trainer.train(resume_from_checkpoint=checkpoints.newest(run.checkpoints))
    if interrupt.interrupted:
        console.print(f"Stopped at step {trainer.state.global_step}. `switchgear train` goes on from there.")
        return False

    if not harmful:  # nothing is kept aside
        harmful, benign = _watched(pools)
    gate(gates.effect(_divergence(model, harmful), _divergence(model, benign)))
    with checkpoints.writing(run.checkpoints):
        checkpoints.save(model, run.adapter)
    return True


def _pools(run: Run, split: str, recipe: Recipe, tokenizer: PreTrainedTokenizerBase, console: Console) -> Pools:
    path = run.need(run.dataset / f"{split}.jsonl", "prepare")
    pools: Pools = defaultdict(list)
    cut = 0
    for example in track(
        list(read_models(path, Example)), f"render {split}", console=console, disable=not console.is_terminal
    ):
        rendered = render(example, tokenizer, recipe.render.max_tokens)
        cut += bool(rendered.cut)
        pools[kind_of(example)].append(row(example, rendered, recipe.train))
    counts = ", ".join(f"{len(rows)} {kind}" for kind, rows in sorted(pools.items()))
    console.print(f"{split}: {counts}; {cut} cut to {recipe.render.max_tokens} tokens")
    return pools


def _check(pools: Pools, recipe: Recipe) -> None:
    for kind, count in recipe.train.batch.model_dump().items():
        if count and not pools[kind]:
            known = ", ".join(f"{len(rows)} {name}" for name, rows in pools.items() if rows)
            raise DataError(
                f"train.batch.{kind}={count}, but the training set holds no {kind} example ({known}). "
                f"Add a source that has them, or set train.batch.{kind}=0."
            )


def _watched(pools: Pools) -> tuple[list[Row], list[Row]]:
    """The first harmful rows, and as many benign ones of all kinds in turn. Empty if either is missing."""
    harmful = [row for row in pools["harmful"] if any(row.reroute)][:WATCHED_ROWS]
    kinds = (pools[kind] for kind in ("resisted", "clean", "refusal"))
    benign = [row for turn in zip_longest(*kinds) for row in turn if row][:WATCHED_ROWS]
    return (harmful, benign) if harmful and benign else ([], [])


@torch.no_grad()
def _divergence(model: PeftModel, rows: Sequence[Row]) -> float:
    """Mean KL(frozen || adapted) of the next-token distribution, nats per token, with the weights of the row's loss."""
    total, count = 0.0, 0.0
    for example in rows:
        ids = torch.tensor([example.ids], device=model.device)
        weights = example.reroute if any(example.reroute) else example.retain
        weight = torch.tensor(weights, dtype=torch.float32, device=model.device)[1:]
        adapted = model(ids).logits[0, :-1].float().log_softmax(-1)
        with model.disable_adapter():
            frozen = model(ids).logits[0, :-1].float().log_softmax(-1)
        divergence = kl_div(adapted, frozen, log_target=True, reduction="none").sum(-1)
        total += float(divergence @ weight)
        count += float(weight.sum())
    return total / count
