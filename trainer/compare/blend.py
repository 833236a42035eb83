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
    return [done(name, recipe, use) for name, recipe in recipes(fit).items()]


def recipes(fit: Sequence[Predictions]) -> dict[str, dict[str, Any]]:
    """What each way needs, in plain numbers."""
    labels = torch.from_numpy(fit[0].labels.astype(np.int64))
    heat = [temperature(item.logits, labels) for item in fit]
    even = np.full(len(fit), 1 / len(fit))
    plain, warm, places = _shares(fit, np.ones(len(fit))), _shares(fit, heat), _positions(fit)
    weights = simplex(lambda share: F.nll_loss(_log(torch.einsum("m,mnc->nc", share, warm)), labels), len(fit))
    near = None if places is None else position_weights(places, fit[0])
    matrix, bias = stack(_log(plain), labels)
    share = {"weights": even.tolist()}
    warmth, weighed = {"temperatures": list(heat)}, {"weights": weights.tolist()}
    place = {"position_weights": None if near is None else near.tolist()}
    together = {"matrix": matrix.tolist(), "bias": bias.tolist()}
    return {
        "soft vote": share,
        "calibrated vote": warmth | share,
        "weighted vote": warmth | weighed | place,
        "stacked": together | place,
    }


def done(name: str, recipe: dict[str, Any], use: Sequence[Predictions]) -> Blend:
    """One way, done by its recipe. Where positions have no weights of their own, they have those of the vote."""
    shares = _shares(use, recipe.get("temperatures") or np.ones(len(use)))
    if "matrix" in recipe:
        matrix, bias = (torch.tensor(recipe[key], dtype=torch.float64) for key in ("matrix", "bias"))
        logits = np.asarray((torch.einsum("mnc,mck->nk", _log(shares), matrix) + bias).numpy())
    else:
        logits = _vote(shares, np.array(recipe["weights"]))
    near = recipe["position_weights"] if "position_weights" in recipe else recipe["weights"]
    return Blend(name, logits, _mean(_positions(use), None if near is None else np.array(near)), recipe)


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
