"""A small subclass of `transformers.Trainer`: states -> objective x schedule -> loss. Everything else is theirs."""

from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainingArguments

from switchgear.errors import RecipeError
from switchgear.recipe import Recipe, TrainRecipe
from switchgear.training.batches import Draws, Row
from switchgear.training.objectives import objective
from switchgear.training.processes import average
from switchgear.training.reading import Reader
from switchgear.training.records import MeansCallback
from switchgear.training.schedule import coefficients
from switchgear.training.trackers import PROJECT
from switchgear.training.validation import Validation

SCHEDULERS = {"none": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}
"""What transformers calls each way for the learning rate to fall."""


class BreakerTrainer(Trainer):
    """Trains a LoRA so that harmful states are rerouted and benign ones retained.

    Progress is counted in optimiser steps. Every logged step carries both losses, both coefficients and the cosine on
    the training rows; every `validate_every` steps also what validation rows show.
    """

    loss_is_scaled_for_ga = False  # our loss is a mean over one micro-batch

    def __init__(
        self,
        model: PeftModel,
        recipe: Recipe,
        draws: Draws,
        validation: Sequence[Row],
        read: Reader,
        folder: Path,
    ) -> None:
        self.recipe, self.read = recipe.train, read
        self.objective = objective(recipe.train.objective)
        self.figures: list[dict[str, Tensor]] = []  # of each micro-batch since the last optimiser step
        self.means = MeansCallback()
        self.validation = Validation(validation, recipe.train.validate_every, read)
        super().__init__(
            model=model,
            args=arguments(recipe.train, recipe.seed, folder, on_cpu=model.device.type == "cpu"),
            train_dataset=draws,
            data_collator=lambda items: {"rows": items[0]},
            callbacks=[self.means, self.validation],
        )
        self.accelerator.prepare_model = partial(self.accelerator.prepare_model, evaluation_mode=True)  # no wrapper

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        loss: Tensor = super().training_step(*args, **kwargs)
        if self.accelerator.sync_gradients:
            self._average()
        return loss

    def compute_loss(
        self,
        model: PeftModel,
        inputs: dict[str, list[Row]],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Tensor:
        losses = self.objective(self.read(model, inputs["rows"]), self.recipe)
        progress = (self.state.global_step + 1) / self.state.max_steps
        reroute, retain = coefficients(progress, self.recipe)
        loss = reroute * losses.reroute + retain * losses.retain
        figures = {"loss": loss, "reroute": losses.reroute, "retain": losses.retain, "cosine_train": losses.cosine}
        coefficient = {"reroute_coefficient": loss.new_tensor(reroute), "retain_coefficient": loss.new_tensor(retain)}
        self.figures.append({name: value.detach() for name, value in (figures | coefficient).items()})
        return loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Adds the means since the last log, and every `validate_every` steps what validation rows show."""
        if "loss" in logs:
            logs |= self.means.take()
            if self.validation.due(self.state):
                logs |= self.validation.figures(self.model)
        super().log(logs, *args, **kwargs)

    def _average(self) -> None:
        """Over the processes: gradients, and the figures of the step. One process with all micro-batches has the same.

        Process p of n takes the micro-batches p, n + p, 2 n + p ... of `Draws`.
        """
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        trained = [] if self.is_deepspeed_enabled else trained  # it averages gradients itself
        gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in trained]
        names = list(self.figures[0])
        figures = torch.stack([torch.stack([each[name] for name in names]) for each in self.figures]).mean(dim=0)
        self.figures.clear()
        *gradients, figures = average([*gradients, figures])
        for weight, gradient in zip(trained, gradients, strict=True):
            weight.grad = gradient.to(weight.dtype)
        self.means.add(dict(zip(names, figures, strict=True)))


def arguments(recipe: TrainRecipe, seed: int, folder: Path, on_cpu: bool) -> TrainingArguments:
    """Raises `RecipeError` if `deepspeed` is asked for and not installed."""
    if recipe.deepspeed and not find_spec("deepspeed"):
        raise RecipeError("train.deepspeed needs deepspeed, which is not installed here. LoRA fits without it.")
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=on_cpu,  # or several processes without an accelerator would not find each other
        max_steps=recipe.steps,
        per_device_train_batch_size=1,  # one item of Draws is a whole micro-batch
        gradient_accumulation_steps=recipe.accumulate,
        train_sampling_strategy="sequential",  # Draws is already in drawing order
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=SCHEDULERS[recipe.learning_rate_decay],
        warmup_steps=recipe.warmup_steps,
        weight_decay=0.0,
        max_grad_norm=recipe.max_grad_norm,
        logging_steps=recipe.log_every,
        save_steps=recipe.save_every,
        save_total_limit=2,
        seed=seed,
        run_name=folder.resolve().parent.name,
        project=PROJECT,
        report_to=[],  # see `trackers`
        deepspeed=str(recipe.deepspeed) if recipe.deepspeed else None,
        logging_nan_inf_filter=False,  # a gate stops the run instead
        disable_tqdm=True,  # progress is shown by our own callback
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
    )
