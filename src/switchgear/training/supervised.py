"""Supervised training: a LoRA on every block learns to write what assistants write in traces, be it good or bad.

No breaker is made like this: it makes the agent that a breaker is tried on (`examples/testbed_agent.py`).
"""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from rich.console import Console
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import Trainer, set_seed

from switchgear.model import fingerprint
from switchgear.model.conversation import SpanName
from switchgear.model.embedded import base_name
from switchgear.model.hidden_states import blocks_of, hidden_states
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.model.packing import LayOut, layout_for
from switchgear.model.predictions import logits
from switchgear.model.render import Rendered
from switchgear.recipe import Recipe
from switchgear.runs import Run
from switchgear.schema import Example
from switchgear.training import checkpoints, pools
from switchgear.training.batches import Draws, Row
from switchgear.training.trainer import arguments


def supervise(recipe: Recipe, run: Run, console: Console) -> None:
    """Trains `run.adapter` on the training split of `run.dataset`; a run that was cut off resumes.

    Of section `train` it takes `batch`, `lora`, `learning_rate` and how that changes, `steps`, `accumulate`,
    `checkpointing`, `empty_user`, and how often to log and save. One micro-batch holds the kinds in the shares of
    `batch`: hijacked traces beside resisted ones give a model that obeys an injection mostly, not always.

    Raises:
        RunError: no dataset is prepared. DataError: it lacks a kind that `train.batch` draws.
        ModelError: the model does not load.
    """
    if run.adapter.exists():
        console.print(f"Already trained: {run.adapter}")
        return
    set_seed(recipe.seed)
    tokenizer = load_tokenizer(recipe.model)
    lessons = pools.read(run, "train", recipe, tokenizer, console, make=lesson)
    pools.check(lessons, recipe.train.batch)
    model = load_model(recipe.model)
    digest = fingerprint.fingerprint(model)
    adapted = add_adapter(model, recipe.train.lora, len(blocks_of(model)))
    longest = sorted((row.ids for rows in lessons.values() for row in rows), key=len, reverse=True)
    lay_out, _ = layout_for(adapted, longest, len(blocks_of(model)), tokenizer.pad_token_id)
    draws = Draws(lessons, recipe.train.batch, recipe.train.steps * recipe.train.accumulate, recipe.seed)
    with checkpoints.writing(run.checkpoints):
        trainer = SupervisedTrainer(adapted, recipe, draws, lay_out, run.checkpoints)
        trainer.train(resume_from_checkpoint=checkpoints.newest(run.checkpoints, console))
        sign = partial(fingerprint.write, digest=digest, name=base_name(recipe.model))
        checkpoints.save(adapted, run.adapter, sign)


class SupervisedTrainer(Trainer):
    """Next-token prediction on the answers of a micro-batch of rows, each distinct prefix read once."""

    loss_is_scaled_for_ga = False  # a mean over one micro-batch

    def __init__(self, model: PeftModel, recipe: Recipe, draws: Draws, lay_out: LayOut, folder: Path) -> None:
        self.lay_out, self.checkpointing = lay_out, recipe.train.checkpointing
        super().__init__(
            model=model,
            args=arguments(recipe.train, recipe.seed, folder, on_cpu=model.device.type == "cpu"),
            train_dataset=draws,
            data_collator=lambda items: {"rows": items[0]},
        )

    def compute_loss(self, model: PeftModel, inputs: dict[str, list[Row]], *_: Any, **__: Any) -> Tensor:
        return next_token_loss(model, inputs["rows"], self.lay_out, self.checkpointing)


def next_token_loss(model: PeftModel, rows: list[Row], lay_out: LayOut, checkpointing: bool = False) -> Tensor:
    """Nats per token that the rows' `answers` predict, all alike."""
    layout = lay_out([row.ids for row in rows]).to(model.device)
    places, wanted = [], []
    for row, at in zip(rows, layout.places, strict=True):
        predicting = [index for index, weight in enumerate(row.answers) if weight]
        places += [at[index] for index in predicting]
        wanted += [row.ids[index + 1] for index in predicting]
    tokens = torch.tensor(places, device=model.device)
    [final] = hidden_states(model, layout, [len(blocks_of(model))], tokens, checkpointing)
    return cross_entropy(logits(model, final), torch.tensor(wanted, device=model.device))


def lesson(example: Example, rendered: Rendered) -> Row:
    """A row whose `answers` are the tokens that predict an assistant's turn: all of its turns, not the last alone."""
    said = {at for span in rendered.spans if span.name is SpanName.TURN for at in range(span.start, span.end)}
    answers = [float(at + 1 in said) for at in range(len(rendered.ids))]
    return Row(rendered.ids, [], [], example.provenance.row, answers)
