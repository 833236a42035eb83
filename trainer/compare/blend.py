"""Ways to make one answer of several: what is fitted is fitted on validation samples, in double precision, by L-BFGS
from a fixed start, so that equal predictions give an equal ensemble.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from trainer.compare.measures import Floats, softmax
from trainer.tasks import Predictions

_RIDGE = 1e-3  # what a stacked weight costs: with few validation samples the even vote is not left lightly


@dataclass(frozen=True)
class Blend:
    """One way. `logits` are logarithms of shares; `recipe` is all that is needed to do it again."""

    name: str
    logits: Floats
    positions: NDArray[np.float64] | None
    recipe: dict[str, Any]


def blends(fit: Sequence[Predictions], use: Sequence[Predictions]) -> list[Blend]:
    """All ways, fitted on `fit` (validation) and done on `use`. Members stand in the same order in both."""
    labels = torch.from_numpy(fit[0].labels.astype(np.int64))
    heat = [temperature(item.logits, labels) for item in fit]
    even = np.full(len(fit), 1 / len(fit))
    plain, plain_fit = _shares(use, np.ones(len(fit))), _shares(fit, np.ones(len(fit)))
    warm, warm_fit = _shares(use, heat), _shares(fit, heat)
    weights = simplex(lambda share: F.nll_loss(_log(torch.einsum("m,mnc->nc", share, warm_fit)), labels), len(fit))
    places, places_fit = _positions(use), _positions(fit)
    near = None if places_fit is None else position_weights(places_fit, fit[0])
    matrix, bias = stack(_log(plain_fit), labels)
    stacked = torch.einsum("mnc,mck->nk", _log(plain), matrix) + bias
    share = {"weights": even.tolist()}
    warmth, weighed = {"temperatures": list(heat)}, {"weights": weights.tolist()}
    place = {"position_weights": None if near is None else near.tolist()}
    together = {"matrix": matrix.tolist(), "bias": bias.tolist()}
    return [
        Blend("soft vote", _vote(plain, even), _mean(places, even), share),
        Blend("calibrated vote", _vote(warm, even), _mean(places, even), warmth | share),
        Blend("weighted vote", _vote(warm, weights), _mean(places, near), warmth | weighed | place),
        Blend("stacked", stacked.numpy(), _mean(places, near), together | place),
    ]


def temperature(logits: NDArray[np.floating], labels: Tensor) -> float:
    """The number by which logits are divided so that shares are kept: above 1 for a model that is too sure."""
    wide = torch.from_numpy(logits.astype(np.float64))
    (log_heat,) = _least(lambda at: F.cross_entropy(wide / at[0].exp(), labels), torch.zeros(1, dtype=torch.float64))
    return float(log_heat.clamp(-5, 5).exp())


def simplex(loss: Callable[[Tensor], Tensor], members: int) -> Floats:
    """Weights that are not negative and add up to 1, with the least loss."""
    found = _least(lambda at: loss(at.softmax(0)), torch.zeros(members, dtype=torch.float64))
    return np.asarray(found.softmax(0).numpy())


def position_weights(places: Floats, truth: Predictions) -> Floats:
    """Of the members' positions: those with the least squared error."""
    assert truth.targets is not None
    said, targets = torch.from_numpy(places), torch.from_numpy(truth.targets.astype(np.float64))
    scale = float(targets.var()) or 1.0
    return simplex(lambda share: ((torch.einsum("m,mnv->nv", share, said) - targets) ** 2).mean() / scale, len(places))


def stack(log_shares: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Logistic regression on all members' log shares, held near the even vote: a matrix for each member, a bias."""
    members, _samples, classes = log_shares.shape
    even = torch.eye(classes, dtype=torch.float64).expand(members, -1, -1) / members

    def loss(at: Tensor) -> Tensor:
        change, bias = at[:-classes].view(members, classes, classes), at[-classes:]
        logits = torch.einsum("mnc,mck->nk", log_shares, even + change) + bias
        return F.cross_entropy(logits, labels) + _RIDGE * at.square().sum()

    found = _least(loss, torch.zeros(members * classes * classes + classes, dtype=torch.float64))
    return even + found[:-classes].view(members, classes, classes), found[-classes:]


def _least(loss: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """Where the loss is least, from the start on."""
    at = start.clone().requires_grad_(True)
    search = torch.optim.LBFGS([at], max_iter=200, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        value = loss(at)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        search.step(closure)  # type: ignore[no-untyped-call]
    return at.detach()


def _shares(found: Sequence[Predictions], heat: Sequence[float] | Floats) -> Tensor:
    """Every member's shares, [members, samples, classes]."""
    parts = [softmax(item.logits / divided) for item, divided in zip(found, heat, strict=True)]
    return torch.from_numpy(np.stack(parts))


def _vote(shares: Tensor, weights: Floats) -> Floats:
    return np.asarray(_log(torch.einsum("m,mnc->nc", torch.from_numpy(weights), shares)).numpy())


def _log(shares: Tensor) -> Tensor:
    return shares.clamp_min(1e-12).log()


def _positions(found: Sequence[Predictions]) -> Floats | None:
    """[members, samples, values]; None unless all say them."""
    parts = [item.positions for item in found if item.positions is not None]
    if len(parts) < len(found):
        return None
    return np.stack(parts).reshape(len(parts), len(parts[0]), -1).astype(np.float64)


def _mean(places: Floats | None, weights: Floats | None) -> Floats | None:
    return None if places is None or weights is None else np.asarray(np.tensordot(weights, places, 1))
