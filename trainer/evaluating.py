"""A validation as the loop, `trainer evaluate` and `trainer figures` all do it."""

from typing import TYPE_CHECKING

import torch

from trainer import device as devices
from trainer import order
from trainer.config import Config
from trainer.tasks import Evaluation, Report, Task

if TYPE_CHECKING:
    from torch import nn


def evaluate(
    config: Config, task: Task, model: "nn.Module", split: str, *, device: torch.device, epoch: int, report: Report
) -> Evaluation:
    """The task's figures. Randomness of its own, so that looking never changes what is looked at."""
    seed = order.derived(config.run.seed, split, epoch)
    training = model.training
    model.eval()
    try:
        with (
            devices.own_randomness(seed, device),
            torch.no_grad(),
            devices.precision(config.run.precision, device),
        ):
            found = task.evaluate(model, split, device, report)
    finally:
        model.train(training)
    return Evaluation({name: float(value) for name, value in found.metrics.items()}, found.details)
