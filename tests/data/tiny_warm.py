"""Loaded once by the fork server: what a trainer would spend seconds importing, so that its forks need not."""

import tiny_trainer
import torch

from trainer import closing, preparing

torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first optimiser of a process imports a large part of torch

__all__ = ["closing", "preparing", "tiny_trainer"]
