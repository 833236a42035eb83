"""What a training step of the four networks costs on one core, and what the ways to make it cheaper give.

Seconds are of the processor (other work on the machine counts little), rounds in turn, the middle one of each; the
spread is least to most. Opponents: the published networks themselves (a smaller batch, scaled up), pictures of full
size turned into floating point at once, max pooling as torch has it.

python bench/trajectories_models.py [--full]
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import nn

from trainer.tasks.trajectories.models.build import unified
from trainer.tasks.trajectories.models.i3d import _largest
from trainer.tasks.trajectories.settings import Model

BATCH, FEW = 16, 2
ROUNDS = 7
KINDS = ("i3d", "slowfast", "transformer", "magvit")


def in_turn(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each, one after the other, round by round; a first round is not counted."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            if number:
                times[name].append(time.process_time() - began)
    return times


def step_of(model: nn.Module, batch: int) -> Callable[[], None]:
    """Forward, backward and optimiser on bytes."""
    clips = torch.randint(0, 256, (batch, 4, 32, 64, 64), dtype=torch.uint8)
    labels, targets = torch.zeros(batch, dtype=torch.long), torch.zeros(batch, 3)
    optimiser = torch.optim.Adam(model.parameters())

    def step() -> None:
        logits, position, terms, _ = model(clips)
        loss = F.cross_entropy(logits, labels) + F.mse_loss(position, targets) + sum(terms.values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def show(name: str, times: list[float], scale: float = 1.0) -> float:
    """One line; the middle in milliseconds."""
    shown = [1e3 * scale * seconds for seconds in times]
    middle = statistics.median(shown)
    print(f"{name:44} {middle:9.1f} ms  ({min(shown):.1f} to {max(shown):.1f})")
    return middle


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="the published networks too; takes minutes")
    full = parser.parse_args().full
    torch.set_num_threads(1)
    torch.manual_seed(0)
    models = {kind: unified(Model(kind=kind, size="tiny", bits=12)) for kind in KINDS}
    tiny = in_turn({kind: step_of(model, BATCH) for kind, model in models.items()}, ROUNDS)
    middles = {kind: show(f"{kind}, tiny, a step of {BATCH}", times) for kind, times in tiny.items()}
    for kind in KINDS if full else ():
        times = in_turn({kind: step_of(unified(Model(kind=kind)), FEW)}, 1)[kind]
        published = show(f"{kind}, full, a step of {FEW}, scaled to {BATCH}", times, BATCH / FEW)
        print(f"{'':44} {published / middles[kind]:9.0f} × tiny")

    clips = torch.randint(0, 256, (BATCH, 4, 32, 64, 64), dtype=torch.uint8)
    grid = torch.rand(BATCH, 40, 16, 8, 8)
    found = in_turn(
        {
            "bytes to halved numbers": lambda: models["i3d"].numbers(clips),
            "opponent: floating point, then 2 × 2 means": lambda: F.avg_pool3d(clips / 255, (1, 2, 2)),
            "max pool of 3 × 3 × 3, axis by axis": lambda: _largest(grid, (3, 3, 3), (1, 1, 1)),
            "opponent: torch's own": lambda: F.max_pool3d(grid, 3, 1, 1),
        },
        ROUNDS,
    )
    shown = [show(name, times) for name, times in found.items()]
    print(f"halving in whole numbers: {shown[1] / shown[0]:.1f} ×, pooling axis by axis: {shown[3] / shown[2]:.1f} ×")


if __name__ == "__main__":
    main()
