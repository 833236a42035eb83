"""What a validation found, sample by sample, and the figures that come of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.trajectories.data.settings import CLASSES


@dataclass(frozen=True)
class Predictions:
    """Answers beside the truth, in the order of the split's rows."""

    logits: NDArray[np.float32]  # [samples, classes]
    positions: NDArray[np.float32]  # [samples, 3]: predicted, world units
    labels: NDArray[np.int64]
    targets: NDArray[np.float32]  # [samples, 3]: true

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The class of the largest logit."""
        return np.asarray(self.logits.argmax(1))

    @property
    def squared_errors(self) -> NDArray[np.float64]:
        """Of each sample's position, mean over the axes."""
        return np.asarray(np.square(self.positions.astype(np.float64) - self.targets).mean(1))

    def confusion(self) -> NDArray[np.int64]:
        """[true, predicted]: how many samples."""
        found = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
        np.add.at(found, (self.labels, self.predicted), 1)
        return found


def measure(found: Predictions) -> dict[str, float]:
    """Accuracy, over all and of each class that occurs, and the mean squared error of the next position."""
    right = found.predicted == found.labels
    figures = {"val_accuracy": float(right.mean()), "val_position_mse": float(found.squared_errors.mean())}
    for label, name in enumerate(CLASSES):
        rows = found.labels == label
        if rows.any():
            figures[f"val_accuracy_{name}"] = float(right[rows].mean())
    return figures


def cross_entropy(found: Predictions) -> float:
    """Mean over the samples, in double precision."""
    logits = found.logits.astype(np.float64)
    logits -= logits.max(1, keepdims=True)
    chosen = logits[np.arange(len(logits)), found.labels]
    return float((np.log(np.exp(logits).sum(1)) - chosen).mean())
