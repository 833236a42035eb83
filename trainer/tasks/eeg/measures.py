"""Figures of a validation, each beside what knowing nothing would reach. Pure functions."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def of_numbers(predicted: Array, target: Array, mean: float, scale: float) -> dict[str, float]:
    """RMSE in units of the target's own spread, over all windows at once; mean and scale are the training targets'.

    The loss is the squared error in units of `scale`, as in training.
    """
    spread = float(target.std()) or math.nan
    error = predicted - target
    moved = float(predicted.std())
    return {
        "val_loss": float((error**2).mean()) / scale**2,
        "val_nrmse": float(np.sqrt((error**2).mean())) / spread,
        "val_nrmse_mean": float(np.sqrt(((mean - target) ** 2).mean())) / spread,
        "val_correlation": float(np.corrcoef(predicted, target)[0, 1]) if moved and math.isfinite(spread) else 0.0,
    }


def of_classes(logits: Array, target: Array, most_frequent: int) -> dict[str, float]:
    """Cross entropy and accuracy, beside always naming the class that training saw most."""
    shifted = logits - logits.max(1, keepdims=True)
    chosen = shifted[np.arange(len(target)), target.astype(np.int64)]
    return {
        "val_loss": float((np.log(np.exp(shifted).sum(1)) - chosen).mean()),
        "val_accuracy": float((logits.argmax(1) == target).mean()),
        "val_accuracy_mean": float((target == most_frequent).mean()),
    }
