"""Numbers with which training cannot go on, found early and told with the way out."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from trainer.checkpoint import Checkpoints
from trainer.config import Config
from trainer.ending import TrainingFailed
from trainer.optim import rate
from trainer.record.status import Finding
from trainer.sharding import whole


class Guard:
    """Raises `TrainingFailed` for losses and weights that are no numbers, and for a loss beyond all hope."""

    def __init__(self, config: Config, checkpoints: Checkpoints, steps: int, epoch_of: Callable[[int], int]) -> None:
        self._config, self._checkpoints, self._steps, self._epoch_of = config, checkpoints, steps, epoch_of

    def losses(self, losses: Sequence[float], step: int) -> None:
        """Fail at the first loss that is not a number; the last one is of step `step`."""
        if all(map(math.isfinite, losses)):
            return
        position = next(index for index, value in enumerate(losses) if not math.isfinite(value))
        at = step - len(losses) + position + 1
        before = f"{losses[position - 1]:.4g} at step {at - 1}; " if position else ""
        lr = rate(self._config.optim, at - 1, self._steps)
        where = f"at step {at} (epoch {self._epoch_of(at)})"
        raise self._failure(
            "the loss is not a number", f"loss {losses[position]} {where}; {before}learning rate {lr:.3g}"
        )

    def divergence(self, loss: float, first: float, step: int) -> None:
        """Fail when the loss has grown beyond all hope."""
        limit = self._config.stop.divergence * max(abs(first), 1e-3)
        if self._config.stop.divergence and loss > limit:
            proof = f"loss {loss:.4g} at step {step} (epoch {self._epoch_of(step)}); it began at {first:.4g}"
            raise self._failure("the loss diverges", proof)

    def weights(self, model: nn.Module, step: int) -> None:
        """A step with a finite loss may have left weights that are not: such a checkpoint would help nobody."""
        weights = {name: whole(value) for name, value in model.state_dict().items() if value.is_floating_point()}
        finite = torch.stack([torch.isfinite(value).all() for value in weights.values()]).tolist()
        broken = [name for name, whole in zip(weights, finite, strict=True) if not whole]
        if broken:
            proof = f"{broken[0]} and {len(broken) - 1} others after step {step} (epoch {self._epoch_of(step)})"
            raise self._failure("weights are not numbers", proof)

    def _failure(self, what: str, proof: str) -> TrainingFailed:
        """A known failure of the numbers, with the way out."""
        lr, entries = self._config.optim.lr, self._checkpoints.entries()
        mend = f"lower optim.lr (now {lr:g})"
        mend += "" if self._config.optim.clip else ", bound the gradient with optim.clip = 1.0"
        mend += ' or use run.precision = "fp32"' if self._config.run.precision != "fp32" else ""
        if entries:
            mend += f"; the last good checkpoint is of step {entries[-1].step}: --resume --set optim.lr={lr / 10:g}"
        return TrainingFailed(f"{what}: {proof}", Finding(what, proof, mend))
