"""What can be had without a video model: the figures that stand beside every comparison.

All of them are computed from what the cameras see: the middle of the light in each picture, triangulated (`data/seen`).
Next to them the same from true positions, as the field's published figures are. Errors are mean squares over samples
and coordinates, in world units.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.data.draws import words
from trainer.tasks import Report
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.seen import tracks
from trainer.tasks.trajectories.data.settings import CLASSES
from trainer.tasks.trajectories.data.views import Views

F32 = NDArray[np.float32]

_EPOCHS, _BATCH, _WIDTH, _RATE = 40, 64, 128, 2e-3


@dataclass(frozen=True)
class Baseline:
    """What one of them reaches; `accuracy` is None where it names no class."""

    mse: float
    accuracy: float | None = None


def extrapolations(places: F32, target: F32, mean: F32) -> dict[str, Baseline]:
    """No learning: the train split's mean, and polynomials through the last one, two, three positions."""
    last, before, first = (places[:, -n].astype(np.float64) for n in (1, 2, 3))
    guesses: dict[str, NDArray[np.floating]] = {
        "train mean": np.broadcast_to(mean, target.shape),
        "repeat last": last,
        "linear": 2 * last - before,
        "quadratic": 3 * last - 3 * before + first,
    }
    return {name: Baseline(_mse(guess, target)) for name, guess in guesses.items()}


def baselines(views: Views, report: Report, split: str = "test") -> dict[str, Baseline]:
    """All of them, on this split; whatever learns, learns on "train". Seconds for the drawn, tens for the learned."""
    target, mean = views.targets(split), views.targets("train").mean(0)
    truth = views.positions(split, np.arange(len(target)))
    found = {f"{name} (true positions)": value for name, value in extrapolations(truth, target, mean).items()}
    seen = {part: tracks(views, part, report) for part in ("train", split)}
    found |= extrapolations(seen[split], target, mean)
    found["centroid MLP"] = _learned(views, seen, split, report)
    found["centroid MLP, from the last position"] = _learned(views, seen, split, report, from_last=True)
    shuffled = {part: shuffle(places, frame_orders(len(places), part)) for part, places in seen.items()}
    found["centroid MLP, shuffled frames"] = _learned(views, shuffled, split, report)
    return found


def frame_orders(count: int, split: str) -> NDArray[np.int64]:
    """An order of frames for each row, [n, 32]: always the same ones, to compare models by."""
    stream = sum(split.encode())
    return np.asarray(np.argsort(words(0, np.arange(count), stream, FRAMES), axis=1, kind="stable"))


def shuffle(frames: NDArray[np.generic], orders: NDArray[np.int64], axis: int = 1) -> NDArray[np.generic]:
    """Each sample's frames in its own order; `axis` is that of the frames (2 for pixels)."""
    shape = [1] * frames.ndim
    shape[0], shape[axis] = orders.shape
    return np.take_along_axis(frames, orders.reshape(shape), axis)


class _Perceptron(nn.Module):
    """Positions to class and to the next position."""

    def __init__(self, places: Tensor, targets: Tensor, *, from_last: bool) -> None:
        super().__init__()
        self.from_last = from_last
        self.body = nn.Sequential(
            nn.Linear(FRAMES * 3, _WIDTH),
            nn.GELU(),
            nn.Linear(_WIDTH, _WIDTH),
            nn.GELU(),
            nn.Linear(_WIDTH, len(CLASSES) + 3),
        )
        flat = places.flatten(1)
        self.mean, self.deviation = flat.mean(0), flat.std(0) + 1e-6
        there = targets - self.origin(places)
        self.middle, self.scale = there.mean(0), there.std(0) + 1e-6

    def forward(self, places: Tensor) -> tuple[Tensor, Tensor]:
        out = self.body((places.flatten(1) - self.mean) / self.deviation)
        return out[:, : len(CLASSES)], self.origin(places) + self.middle + out[:, len(CLASSES) :] * self.scale

    def origin(self, places: Tensor) -> Tensor:
        """Where the next position is counted from: the last one, or the world's origin."""
        return places[:, -1] if self.from_last else torch.zeros(3)


def _learned(
    views: Views, places: Mapping[str, NDArray[np.generic]], split: str, report: Report, *, from_last: bool = False
) -> Baseline:
    """A small network on triangulated positions. The same figures each time: its random numbers are its own."""
    inputs = {part: torch.from_numpy(np.ascontiguousarray(array)) for part, array in places.items()}
    targets = {part: torch.from_numpy(np.array(views.targets(part))) for part in places}
    labels = {part: torch.from_numpy(views.labels(part)) for part in places}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = _Perceptron(inputs["train"], targets["train"], from_last=from_last)
        _fit(model, inputs["train"], labels["train"], targets["train"], report)
    with torch.no_grad():
        logits, guess = model(inputs[split])
    accuracy = (logits.argmax(1) == labels[split]).float().mean()
    return Baseline(_mse(guess.numpy().astype(np.float64), views.targets(split)), float(accuracy))


def _fit(model: _Perceptron, places: Tensor, labels: Tensor, targets: Tensor, report: Report) -> None:
    steps = _EPOCHS * max(len(places) // _BATCH, 1)
    optimiser = torch.optim.Adam(model.parameters(), _RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    order = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        if len(order) < min(_BATCH, len(places)):
            order = torch.randperm(len(places))
            report("a small network on positions", step, steps)
        rows, order = order[:_BATCH], order[_BATCH:]
        logits, guess = model(places[rows])
        error = F.mse_loss(guess / model.scale, targets[rows] / model.scale)
        optimiser.zero_grad()
        (F.cross_entropy(logits, labels[rows]) + error).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


def _mse(guess: NDArray[np.floating], target: F32) -> float:
    return float(((guess - target.astype(np.float64)) ** 2).mean())
