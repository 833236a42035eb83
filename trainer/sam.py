"""Sharpness-aware minimisation: the gradient is taken not where the weights are but uphill of it, a given way off.

A step then has two passes over the same samples. Whoever uses this calls `climb` after the first, does the second
inside `uphill`, and steps with the gradients that it leaves.
"""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

_TINY = 1e-12  # keeps a gradient of zero from being divided by


class Sam:
    """Moves a model's weights uphill and back. `rho`: how far, in the norm over all of them."""

    def __init__(self, model: nn.Module, rho: float) -> None:
        self._rho = rho
        self._weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
        self._before: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def climb(self) -> bool:
        """Go uphill along the gradients and forget these. False, and nothing moved, when they are not finite.

        Only their direction counts: a scaled loss needs no unscaling here.
        """
        moved: list[Tensor] = [weight for weight in self._weights if weight.grad is not None]
        gradients = _gradients(moved)
        norm = _norm(gradients)
        if not torch.isfinite(norm):
            return False
        self._before = [(weight, weight.detach().clone()) for weight in moved]
        steps = torch._foreach_mul(gradients, self._rho / (norm + _TINY))
        torch._foreach_add_(moved, list(steps))
        for weight in moved:
            weight.grad = None
        return True

    @contextlib.contextmanager
    def uphill(self) -> Iterator[None]:
        """The second pass: batch statistics are used but not learned from; at the end the weights are back."""
        former = [norm.track_running_stats for norm in self._norms]
        for norm in self._norms:
            norm.track_running_stats = norm.track_running_stats and not norm.training
        try:
            yield
        finally:
            for norm, tracked in zip(self._norms, former, strict=True):
                norm.track_running_stats = tracked
            with torch.no_grad():
                for weight, before in self._before:
                    weight.copy_(before)
            self._before = []

    def finite(self) -> bool:
        """Whether the gradients can be stepped with."""
        return bool(torch.isfinite(_norm(_gradients(self._weights))))


def _gradients(weights: Sequence[Tensor]) -> list[Tensor]:
    return [weight.grad for weight in weights if weight.grad is not None]


def _norm(gradients: list[Tensor]) -> Tensor:
    """Over all of them together, in numbers wide enough for it."""
    kind = torch.float64 if gradients[0].dtype == torch.float64 else torch.float32
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, 2, dtype=kind)))
    return norm
