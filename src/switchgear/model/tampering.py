"""What whoever holds the weights can do to an adapter; on leaving, all is what it was, to the bit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from switchgear.errors import ModelError


@contextmanager
def scaled(model: PeftModel, factor: float) -> Iterator[None]:
    """The adapter's change to each layer times `factor`: at 0 the model is the frozen one, at 1 the adapted one.

    Raises:
        ModelError: the adapter is no LoRA.
    """
    layers = _lora_layers(model)
    before = [dict(layer.scaling) for layer in layers]
    try:
        for layer, scaling in zip(layers, before, strict=True):
            layer.scaling.update({name: factor * scale for name, scale in scaling.items()})
        yield
    finally:
        for layer, scaling in zip(layers, before, strict=True):
            layer.scaling.update(scaling)


def adapter_weights(model: PeftModel) -> list[Tensor]:
    """A copy of all that the adapter adds."""
    return [weight.detach().clone() for weight in _parameters(model)]


def blank_weights(model: PeftModel) -> list[Tensor]:
    """Weights of the adapter's shape with which the model is the frozen one, and from which it can be trained.

    Raises:
        ModelError: the adapter is no LoRA.
    """
    outputs = {id(layer.lora_B[model.active_adapter].weight) for layer in _lora_layers(model)}
    return [
        torch.zeros_like(weight) if id(weight) in outputs else weight.detach().clone() for weight in _parameters(model)
    ]


@contextmanager
def with_weights(model: PeftModel, weights: Sequence[Tensor]) -> Iterator[list[nn.Parameter]]:
    """The adapter on, holding `weights` instead of its own. Gives the parameters, which may be trained."""
    parameters = _parameters(model)
    before, trained = adapter_weights(model), [parameter.requires_grad for parameter in parameters]
    was_on = model.get_model_status().enabled
    model.base_model.enable_adapter_layers()
    try:
        _fill(parameters, weights)
        for parameter in parameters:
            parameter.requires_grad_()
        yield parameters
    finally:
        _fill(parameters, before)
        if not was_on:
            model.base_model.disable_adapter_layers()
        for parameter, gradient in zip(parameters, trained, strict=True):
            parameter.requires_grad_(gradient).grad = None


@torch.no_grad()
def _fill(parameters: Sequence[nn.Parameter], weights: Sequence[Tensor]) -> None:
    for parameter, weight in zip(parameters, weights, strict=True):
        parameter.copy_(weight)


def _parameters(model: PeftModel) -> list[nn.Parameter]:
    return [weight for name, weight in model.named_parameters() if f".{model.active_adapter}." in name]


def _lora_layers(model: PeftModel) -> list[LoraLayer]:
    layers = [module for module in model.modules() if isinstance(module, LoraLayer)]
    if not layers:
        raise ModelError(
            "This adapter is no LoRA: whole blocks (`train.adapter: full`) cannot be scaled, or started afresh. "
            "Leave this attack out for them."
        )
    return layers
