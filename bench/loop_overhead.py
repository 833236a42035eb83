"""What our loop costs beside a bare PyTorch loop: same model, same batches, same steps, in turn in one process.

    python bench/loop_overhead.py [--steps 400] [--rounds 7] [--step-ms 5]

Prints the ratio of the times for each round, their median and spread, by the clock on the wall and in CPU time of the
whole process (which other work on the machine disturbs less). Our loop writes rows, status and heartbeat, and looks for
the stop file and a rival at every step; the bare loop only trains. Neither validates or saves in the timed part.
"""

import argparse
import contextlib
import io
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/data"))

import tiny_task
from tiny_runs import BASE, registered

from trainer import config as configuration
from trainer import order, session
from trainer.loop import Training
from trainer.record import Status

BATCH = 32


class Times(NamedTuple):
    """Seconds by the clock on the wall, and of CPU."""

    wall: float
    cpu: float

    def since(self, began: "Times") -> "Times":
        return Times(self.wall - began.wall, self.cpu - began.cpu)


class Wide(tiny_task.TinyTask):
    """The tiny task with a network whose step takes as long as asked."""

    width = 256

    def model(self) -> nn.Module:
        layers = [nn.Linear(2, self.width), nn.ReLU(), nn.Linear(self.width, self.width), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(self.width, 2))


def now() -> Times:
    return Times(time.perf_counter(), time.process_time())


def bare(task: Wide, steps: int, lr: float) -> Times:
    """The shortest honest loop; returns what it took."""
    torch.manual_seed(0)
    model, device = task.model(), torch.device("cpu")
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    size, step = task.size("train"), 0
    began = now()
    while step < steps:
        for indices in order.batches(0, step * BATCH // size, size, BATCH):
            loss, _ = task.loss(model, task.batch("train", indices, device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
    return now().since(began)


def ours(steps: int, folder: Path) -> Times:
    """A whole run by the trainer; returns what it took from its first step to its last."""
    sets = (f"run.batch={BATCH}", f"run.steps={steps}", "run.epochs=1000000", f"race.folder={folder}/race")
    sets += ("data.train=3200", "run.log_every=50", "run.validate_every=1000000", "checkpoint.every=1000000")
    config = configuration.parse(BASE, "bench", sets, name="bench")
    marks: dict[str, Times] = {}
    former = Training.train_step

    def timed(self: Training) -> None:
        marks.setdefault("began", now())
        former(self)
        marks["ended"] = now()

    Training.train_step = timed  # type: ignore[method-assign]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            assert session.run(config, folder, resume=False, since=time.time()) == 0
    finally:
        Training.train_step = former  # type: ignore[method-assign]
    status: Any = json.loads((folder / "status.json").read_text())
    assert status["state"] == Status(state="finished").state
    return marks["ended"].since(marks["began"])


def width_for(milliseconds: float) -> int:
    """The width at which a bare step takes about that long here."""
    for width in (128, 256, 384, 512, 768, 1024, 1536, 2048):
        Wide.width = width
        seconds = bare(prepared(), 100, 0.01).cpu
        if seconds * 10 >= milliseconds:
            return width
    return 2048


def prepared() -> Wide:
    settings = tiny_task.Settings(data=tiny_task.Data(train=3200))
    task = Wide(settings, seed=0, root=Path())
    task.prepare(lambda what, done, total: None)
    return task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--step-ms", type=float, default=5.0)
    arguments = parser.parse_args()
    steps = arguments.steps // 100 * 100
    with registered(), tempfile.TemporaryDirectory() as folder:
        tiny_task.TinyTask = Wide  # type: ignore[misc]
        torch.set_num_threads(1)
        width = width_for(arguments.step_ms)
        rounds: list[tuple[float, float, float]] = []
        for number in range(arguments.rounds):
            first = bare(prepared(), steps, 0.01)
            mine = ours(steps, Path(folder) / str(number))
            second = bare(prepared(), steps, 0.01)
            wall, cpu = (first.wall + second.wall) / 2, (first.cpu + second.cpu) / 2
            rounds.append((cpu / steps * 1000, mine.wall / wall, mine.cpu / cpu))
            print(
                "round {}: bare {:.2f} ms of CPU a step; ours {:.4f} (wall) {:.4f} (CPU)".format(
                    number + 1, *rounds[-1]
                )
            )
        print(f"width {width}, {steps} steps of {statistics.median(item[0] for item in rounds):.2f} ms, one thread")
        for place, name in ((1, "wall"), (2, "CPU ")):
            ratios = sorted(item[place] for item in rounds)
            print(f"ours / bare, {name}: {statistics.median(ratios):.4f} (from {ratios[0]:.4f} to {ratios[-1]:.4f})")


if __name__ == "__main__":
    main()
