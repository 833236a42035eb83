"""Optimiser and schedule. The learning rate is a pure function of the step: nothing to save or to step in order."""

import math
from typing import TYPE_CHECKING, Any

import torch

from trainer.config import Optim

if TYPE_CHECKING:
    from torch import nn


def rate(optim: Optim, step: int, steps: int) -> float:
    """The learning rate of step number `step` (from 0) of `steps`."""
    if step < optim.warmup_steps:
        return optim.lr * (step + 1) / optim.warmup_steps
    if optim.schedule == "constant":
        return optim.lr
    done = (step - optim.warmup_steps) / max(1, steps - optim.warmup_steps)
    return optim.final_lr + (optim.lr - optim.final_lr) * (1 + math.cos(math.pi * min(1.0, done))) / 2


def groups(model: "nn.Module", weight_decay: float) -> list[dict[str, Any]]:
    """Trainable parameters: weights with decay, norms and biases (one dimension or none) without."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not weight_decay:  # one group then: each costs its own pass in every step
        return [{"params": trainable, "weight_decay": 0.0}] if trainable else []
    decayed = [parameter for parameter in trainable if parameter.ndim > 1]
    others = [parameter for parameter in trainable if parameter.ndim <= 1]
    found = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in found if group["params"]]


def optimiser(optim: Optim, model: "nn.Module") -> torch.optim.Optimizer:
    """The optimiser that the configuration asks for."""
    parameters = groups(model, optim.weight_decay)
    if not parameters:
        raise ValueError("the model has no trainable parameters")
    if optim.kind == "sgd":
        return torch.optim.SGD(parameters, lr=optim.lr, momentum=optim.momentum, nesterov=optim.nesterov)
    first, second = optim.betas
    kind = torch.optim.AdamW if optim.kind == "adamw" else torch.optim.Adam
    return kind(parameters, lr=optim.lr, betas=(first, second))


def set_rate(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Use this learning rate from now on."""
    for group in optimiser.param_groups:
        group["lr"] = lr
