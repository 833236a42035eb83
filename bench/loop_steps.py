"""What our loop costs beside a bare one, step by step in turn: after each step of ours one of the bare loop.

    python bench/loop_steps.py [--steps 500] [--width 768]

CPU time of the training thread, so that other work on the machine disturbs both alike. The heartbeat's thread is not in
it: it writes the status three times a second, at about a millisecond. bench/loop_overhead.py measures whole runs.
"""

import argparse
import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import loop_overhead as whole
import tiny_task
import torch
from tiny_runs import BASE, registered

from trainer import config as configuration
from trainer import order, session
from trainer.loop import Training


def bare() -> Iterator[None]:
    """One step of the shortest honest loop at each `next`."""
    task, device, epoch = whole.prepared(), torch.device("cpu"), 0
    model = task.model()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    while True:
        for indices in order.batches(0, epoch, task.size("train"), whole.BATCH):
            loss, _ = task.loss(model, task.batch("train", indices, device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            yield
        epoch += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--width", type=int, default=768)
    arguments = parser.parse_args()
    whole.Wide.width = arguments.width
    sets = (f"run.batch={whole.BATCH}", f"run.steps={arguments.steps}", "run.epochs=1000000", "data.train=3200")
    sets += ("run.log_every=50", "run.validate_every=1000000", "checkpoint.every=1000000")
    mine: list[float] = []
    theirs: list[float] = []
    opponent, former = bare(), Training.train_step

    def in_turn(self: Training) -> None:
        began = marks[-1]  # what the loop does between two steps is its own
        former(self)
        done = time.thread_time()
        next(opponent)
        marks.append(time.thread_time())
        mine.append(done - began)
        theirs.append(marks[-1] - done)

    with registered(), tempfile.TemporaryDirectory() as folder:
        tiny_task.TinyTask = whole.Wide  # type: ignore[misc]
        config = configuration.parse(BASE, "bench", (*sets, f"race.folder={folder}/race"), name="bench")
        Training.train_step = in_turn  # type: ignore[method-assign]
        marks = [time.thread_time()]
        with contextlib.redirect_stdout(io.StringIO()):
            assert session.run(config, Path(folder) / "run", resume=False, since=time.time()) == 0
    mine, theirs = sorted(mine[10:]), sorted(theirs[10:])
    for name, place in (
        ("a quarter", len(mine) // 4),
        ("half", len(mine) // 2),
        ("three quarters", len(mine) * 3 // 4),
    ):
        ours, other = mine[place] * 1000, theirs[place] * 1000
        print(f"{name} of the steps take at most {ours:.3f} ms; bare {other:.3f} ms; ratio {ours / other:.4f}")
    print(f"mean ratio {sum(mine) / sum(theirs):.4f}")


if __name__ == "__main__":
    main()
