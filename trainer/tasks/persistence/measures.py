"""What one validation finds: accuracy, the attention ratio and its consistency, and what the predictions rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.persistence.data.scene import FRAMES


@dataclass(frozen=True)
class Validation:
    """One row per validation clip, kept for the picture."""

    label: NDArray[np.int64]
    predicted: NDArray[np.int64]
    attention: NDArray[np.float64]  # [clips, tokens]
    shares: NDArray[np.float64]  # [clips, 2]: mean attention per token on persistent and on transient objects
    both: NDArray[np.bool_]  # clips that show both kinds
    threshold: float
    logits: NDArray[np.float32] | None = None  # [clips, 2]; checkpoints of earlier versions have kept none

    def ratios(self) -> NDArray[np.float64]:
        """Each clip's own ratio, of those that show both kinds."""
        return ratio(self.shares[self.both, 0], self.shares[self.both, 1])


def measure(found: Validation, loss: float) -> dict[str, float]:
    """The figures of a validation, by their final names."""
    shares = found.shares[found.both].mean(0) if found.both.any() else np.array([np.nan, np.nan])
    own = found.ratios()
    return {
        "val_loss": loss,
        "val_accuracy": float((found.predicted == found.label).mean()),
        # The ratio of the means: a mean of ratios is ruled by the few clips with next to nothing below the line.
        "attention_ratio": float(ratio(shares[:1], shares[1:])[0]),
        "consistency": float((own >= found.threshold).mean()) if len(own) else float("nan"),
    }


def erase_effect(
    name: str, whole: NDArray[np.int64], erased: NDArray[np.int64], label: NDArray[np.int64]
) -> dict[str, float]:
    """What erasing objects does: the share of predictions that flip, and how many points of accuracy are lost."""
    return {
        f"erase_{name}": float((whole != erased).mean()),
        f"erase_{name}_drop": float((whole == label).mean() - (erased == label).mean()),
    }


def ratio(persistent: NDArray[np.float64], transient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Persistent over transient; infinite, not an error, where transient objects get none at all."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(persistent / transient)


def frame_attention(attention: NDArray[np.float64]) -> NDArray[np.float64]:
    """Attention on each frame, summed over its tokens, in units of uniform attention."""
    frames = attention.reshape(len(attention), FRAMES, -1).sum(-1)
    return np.asarray(frames / frames.mean(1, keepdims=True))


def ratio_history(history: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    """Epochs and attention ratios of the validations among metric rows."""
    rows = [
        row for row in history if isinstance(row.get("attention_ratio"), int | float) and row.get("epoch") is not None
    ]
    return [float(row["epoch"]) for row in rows], [float(row["attention_ratio"]) for row in rows]
