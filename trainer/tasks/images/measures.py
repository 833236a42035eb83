"""Figures of a validation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Said:
    """What a model says of every image of a split."""

    logits: NDArray[np.float32]  # [images, classes]
    labels: NDArray[np.int64]

    def confusion(self) -> NDArray[np.int64]:
        """How often a class (row) was taken for another (column)."""
        classes = self.logits.shape[1]
        places = self.labels * classes + self.logits.argmax(1)
        return np.bincount(places, minlength=classes * classes).reshape(classes, classes)

    def losses(self) -> NDArray[np.float64]:
        """Cross entropy of each image, without smoothing."""
        logits = self.logits.astype(np.float64)
        highest = logits.max(1)
        own = logits[np.arange(len(logits)), self.labels]
        return np.asarray(highest + np.log(np.exp(logits - highest[:, None]).sum(1)) - own)

    def top(self, count: int) -> float:
        """Share of images whose class is among the `count` that are said first. Ties count against the model."""
        own = self.logits[np.arange(len(self.logits)), self.labels]
        before = (self.logits >= own[:, None]).sum(1) - 1
        return float((before < count).mean())


def measure(said: Said) -> dict[str, float]:
    """What a validation reports."""
    return {"val_loss": float(said.losses().mean()), "val_top1": said.top(1), "val_top5": said.top(5)}
