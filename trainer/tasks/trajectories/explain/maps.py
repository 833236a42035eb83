"""Where the model looked, as one number for every pixel of every frame of every camera.

Models that attend tell it themselves: attention rollout (Abnar and Zuidema, 2020) multiplies what every block passes
on. It says where the class token took from, not what speaks for the class. For all models there are integrated
gradients (Sundararajan and others, 2017) from a dark clip to this one: their sum is what the class's lead grows by, but
for what quantised features hide and the steps leave out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.tasks.trajectories.explain.lens import Lens
from trainer.tasks.trajectories.models.transformer import Block, DividedTransformer
from trainer.tasks.trajectories.models.unified import Unified

F64 = NDArray[np.float64]

STEPS = 48  # of the way from dark to the clip


@dataclass(frozen=True)
class Seen:
    """One map and what there is to know of it."""

    name: str
    map: F64  # [cameras, frames, side, side], not negative, sum 1
    on_ball: float  # its share that lies on the ball
    chance: float  # the same of a map that knows nothing: even light's share, or the area's
    randomised: float  # rank correlation with the map of the same network with new weights
    note: str  # what should be known of it


def maps(lens: Lens, model: Unified, other: Unified) -> list[Seen]:
    """Attention where there is any, gradients always. `other`: the same network with random weights."""
    ball = lens.ball()
    label = int(lens.ask(lens.clip).shares[0].argmax())
    found = []
    if isinstance(model.extractor, DividedTransformer):
        pair = _unit(rollout(model, lens.numbers())), _unit(rollout(other, lens.numbers()))
        note = "" if model.shared else "cameras are channels of one token: attention cannot tell them apart"
        found.append(_seen("attention", pair, ball, np.ones(ball.shape), note))
    signed = gradients(model, lens.numbers(), label)
    pair = _unit(np.abs(signed)), _unit(np.abs(gradients(other, lens.numbers(), label)))
    note = f"their sum is {signed.sum():.3g}, the class's lead grows by {lead_gained(model, lens, label):.3g}"
    found.append(_seen("gradients", pair, ball, lens.clip[0].astype(np.float64), note))
    return found


def gradients(model: Unified, numbers: Tensor, label: int, steps: int = STEPS) -> F64:
    """Integrated gradients of the class's lead: [cameras, frames, side, side], positive where light speaks for it."""
    total = torch.zeros_like(numbers)
    for step in range(steps):
        at = (numbers * ((step + 0.5) / steps)).requires_grad_(True)
        with torch.enable_grad():
            lead(model(at).logits, label).sum().backward()  # type: ignore[no-untyped-call]
        assert at.grad is not None
        total += at.grad
    model.zero_grad(set_to_none=True)
    return np.asarray((total * numbers / steps)[0].double().cpu().numpy())


def lead(logits: Tensor, label: int) -> Tensor:
    """The class's logit over the mean of all."""
    return logits[:, label] - logits.mean(1)


@torch.no_grad()
def lead_gained(model: Unified, lens: Lens, label: int) -> float:
    """By how much the lead grows from a dark clip to this one."""
    numbers = lens.numbers()
    both = model(torch.cat([numbers, torch.zeros_like(numbers)])).logits
    return float(lead(both, label).diff().neg())


@torch.no_grad()
def rollout(model: Unified, numbers: Tensor) -> F64:
    """What reaches the class token of each patch, spread over its pixels: [cameras, frames, side, side]."""
    extractor = model.extractor
    assert isinstance(extractor, DividedTransformer)
    taken: list[tuple[Tensor, Tensor]] = []

    def keep(block: nn.Module, given: Any) -> None:
        assert isinstance(block, Block)
        taken.append(block.attention(*given))

    hooks = [block.register_forward_pre_hook(keep) for block in extractor.blocks]
    try:
        model(numbers)
    finally:
        for hook in hooks:
            hook.remove()
    cameras, frames, side = numbers.shape[1], numbers.shape[2], numbers.shape[-1]
    reached = torch.stack([_reached(taken, batch) for batch in range(len(taken[0][1]))])
    grid = reached.view(len(reached), 1, extractor.times, extractor.side, extractor.side)
    wide = F.interpolate(grid, size=(frames, side, side), mode="nearest")[:, 0]
    return np.asarray(wide.expand(cameras, -1, -1, -1).double().cpu().numpy())


def _reached(taken: list[tuple[Tensor, Tensor]], batch: int) -> Tensor:
    """[times, places]: the class token's row of the product of all blocks, half of each being what is passed by."""
    first_time, first_space = taken[0]
    times, places = first_space.shape[1], first_time.shape[1]
    cls = torch.ones((), device=first_time.device)
    row = torch.zeros(times, places, device=first_time.device)
    for step_time, step_space in reversed(taken):
        space = step_space[batch].mean(1)  # over heads: [times, 1 + places, 1 + places]
        # The class token takes the mean of its answers in all frames; a patch takes from its own frame.
        from_cls, from_patches = space[:, 0], space[:, 1:]
        new_cls = 0.5 * cls + 0.5 * (cls * from_cls[:, 0].mean() + (row[..., None] * from_patches[..., :1]).sum())
        new_row = 0.5 * row + 0.5 * (
            cls * from_cls[:, 1:] / times + torch.einsum("tp,tpq->tq", row, from_patches[..., 1:])
        )
        time = step_time[batch].mean(1)
        cls, row = new_cls, 0.5 * new_row + 0.5 * torch.einsum("tp,pts->sp", new_row, time)
    return row


def _seen(name: str, pair: tuple[F64, F64], ball: NDArray[np.bool_], ground: F64, note: str) -> Seen:
    """`pair`: the map, and the random twin's. `ground`: where a map can lie at all, as far as it can."""
    here, there = pair
    where = ground > 0
    alike = _rank(here[where], there[where])
    return Seen(name, here, float(here[ball].sum()), float(_unit(ground)[ball].sum()), alike, note)


def _unit(found: F64) -> F64:
    total = found.sum()
    return found / total if total > 0 else np.full_like(found, 1 / found.size)


def _rank(first: F64, second: F64) -> float:
    """Spearman's correlation; 0 where one of the two is flat."""
    ranks = [np.unique(values, return_inverse=True)[1].astype(np.float64) for values in (first, second)]
    means = [_mean_ranks(values) for values in ranks]
    a, b = (values - values.mean() for values in means)
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale else 0.0


def _mean_ranks(codes: F64) -> F64:
    """Ties share the mean of their places."""
    whole = codes.astype(np.int64)
    counts = np.bincount(whole)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[whole])
