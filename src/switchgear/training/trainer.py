"""A small subclass of `transformers.Trainer`: states -> objective x schedule -> loss. Everything else is theirs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainingArguments

from switchgear.model.hidden_states import both_states
from switchgear.model.layout import Layout
from switchgear.recipe import Recipe, TrainRecipe
from switchgear.training.batches import Draws, Row, weights
from switchgear.training.objectives import Batch, objective, retain_relative
from switchgear.training.schedule import coefficients


class BreakerTrainer(Trainer):
    """Trains a LoRA so that harmful states are rerouted and benign ones retained.

    Progress is counted in optimiser steps. Every logged step carries both losses, both coefficients and the cosine on
    the training rows; every `validate_every` steps also cosines, drift and norms on validation rows.
    """

    loss_is_scaled_for_ga = False  # our loss is a mean over one micro-batch

    def __init__(
        self,
        model: PeftModel,
        recipe: Recipe,
        draws: Draws,
        validation: Sequence[Row],
        targets: list[int],
        lay_out: Callable[[Sequence[list[int]]], Layout],
        folder: Path,
    ) -> None:
        self.recipe, self.validation, self.targets, self.lay_out = recipe.train, validation, targets, lay_out
        self.objective = objective(recipe.train.objective)
        self.sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        self.micro_batches = 0
        super().__init__(
            model=model,
            args=arguments(recipe.train, recipe.seed, folder),
            train_dataset=draws,
            data_collator=lambda items: {"rows": items[0]},
        )

    def compute_loss(
        self,
        model: PeftModel,
        inputs: dict[str, list[Row]],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Tensor:
        losses = self.objective(self._batch(model, inputs["rows"]), self.recipe)
        progress = (self.state.global_step + 1) / self.state.max_steps
        reroute, retain = coefficients(progress, self.recipe)
        loss = reroute * losses.reroute + retain * losses.retain
        self._record(
            reroute=losses.reroute,
            retain=losses.retain,
            cosine_train=losses.cosine,
            reroute_coefficient=torch.tensor(reroute),
            retain_coefficient=torch.tensor(retain),
        )
        return loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Adds the means since the last log, and every `validate_every` steps what validation rows show."""
        if "loss" in logs and self.micro_batches:
            logs |= {name: float(total) / self.micro_batches for name, total in self.sums.items()}
            self.sums.clear()
            self.micro_batches = 0
            step = self.state.global_step
            if self.validation and (step % self.recipe.validate_every == 0 or step == self.state.max_steps):
                logs |= self.validate()
        super().log(logs, *args, **kwargs)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Cosines and norms at the target states, and drift, of the validation rows."""
        harmful = self._batch(self.model, [row for row in self.validation if any(row.reroute)])
        benign = self._batch(self.model, [row for row in self.validation if not any(row.reroute)])
        values: dict[str, float] = {}
        for name, batch, tokens in (("harmful", harmful, harmful.reroute), ("benign", benign, benign.retain)):
            adapted, frozen = batch.adapted[batch.targets], batch.frozen[batch.targets]
            share = tokens / tokens.sum() / len(self.targets)
            values[f"cosine_{name}"] = float((torch.cosine_similarity(adapted, frozen, dim=-1) * share).sum())
            values[f"norm_{name}"] = float((adapted.norm(dim=-1) * share).sum())
        return values | {"retain_drift": float(retain_relative(benign))}

    def _batch(self, model: PeftModel, rows: Sequence[Row]) -> Batch:
        layout = self.lay_out([row.ids for row in rows])
        reroute, retain = weights(rows, layout)
        tokens = (reroute + retain).nonzero()[:, 0]
        device = self.args.device
        last = max(self.targets)
        states = self.targets if self.recipe.retain == "relative" else list(range(last + 1))
        adapted, frozen = both_states(model, layout.to(device), states, tokens.to(device))
        retained = [len(row.ids) for row in rows if any(row.retain)]
        positions = len(retained) * max(retained, default=0)
        places = [states.index(target) for target in self.targets]
        return Batch(adapted, frozen, reroute[tokens].to(device), retain[tokens].to(device), places, positions)

    def _record(self, **values: Tensor) -> None:
        self.micro_batches += 1
        for name, value in values.items():
            self.sums[name] = self.sums[name] + value.detach().cpu()


def arguments(recipe: TrainRecipe, seed: int, folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=recipe.steps,
        per_device_train_batch_size=1,  # one item of Draws is a whole micro-batch
        gradient_accumulation_steps=recipe.accumulate,
        train_sampling_strategy="sequential",  # Draws is already in drawing order
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=recipe.warmup_steps,
        weight_decay=0.0,
        max_grad_norm=recipe.max_grad_norm,
        logging_steps=recipe.log_every,
        save_steps=recipe.save_every,
        save_total_limit=2,
        seed=seed,
        report_to=list(recipe.report_to),
        logging_nan_inf_filter=False,  # a gate stops the run instead
        disable_tqdm=True,  # progress is shown by our own callback
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
    )
