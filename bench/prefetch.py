"""What it brings to make the next batch in a thread while the model computes: the same steps with and without, in turn.

    python bench/prefetch.py [--steps 60] [--rounds 7]

The shipped attention preset, which draws its clips on the fly; a network of about 5 ms whose batches are waited for as
long without a core being busy, as files of a slow mount are: what it can bring at best; and the tiny task, whose
batches cost nothing: what the thread itself costs. One thread for torch, as for workers that share a machine.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/data"))

import loop_overhead
import tiny_task
from tiny_runs import BASE, registered

from trainer import config as configuration
from trainer.build import make_task
from trainer.feeding import Feed
from trainer.order import Course
from trainer.stepping import Stepper

CPU = torch.device("cpu")
WAIT = 0.005  # seconds


class Waiting(loop_overhead.Wide):
    """Each batch comes from somewhere slow."""

    width = 768

    def batch(self, split: str, indices: torch.Tensor, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        time.sleep(WAIT)
        return super().batch(split, indices, device)


def seconds(config: configuration.Config, steps: int, *, ahead: bool) -> tuple[float, float]:
    """Of all the steps, and of that waiting for batches; after a few steps to warm up."""
    task = make_task(config)
    task.prepare(lambda what, done, total: None)
    torch.manual_seed(0)
    stepper = Stepper(config, task, CPU)
    course = Course(0, task.size("train"), config.run.batch)
    feed = Feed(lambda indices: task.batch("train", indices, CPU), course.parts, CPU, ahead=ahead)
    waited = 0.0
    with contextlib.closing(feed):
        for step in range(steps + 5):
            if step == 5:
                began, waited = time.perf_counter(), 0.0
            stepper.step(feed.batches(step, steps + 5), 1e-3, step + 1)
            waited += feed.waited
        return time.perf_counter() - began, waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, registered():
        small = ("data.train=2048", "data.val=32", "data.test=32", f"run.data={folder}")
        plain = tiny_task.TinyTask
        tasks = {
            "attention": configuration.load("persistence-attention", small),
            "waiting": configuration.parse(BASE, "bench", ("data.train=3200", "run.batch=32"), name="bench"),
            "tiny": configuration.parse(BASE, "bench", ("data.train=32000", "run.batch=16"), name="bench"),
        }
        for name, config in tasks.items():
            tiny_task.TinyTask = Waiting if name == "waiting" else plain  # type: ignore[misc]
            found = []
            for _ in range(arguments.rounds):
                before, waited = seconds(config, arguments.steps, ahead=False)
                thread, left = seconds(config, arguments.steps, ahead=True)
                after, _ = seconds(config, arguments.steps, ahead=False)
                found.append(
                    (2 * thread / (before + after), before / arguments.steps * 1000, waited / before, left / thread)
                )
            ratios = sorted(item[0] for item in found)
            step, share, left = (statistics.median(item[place] for item in found) for place in (1, 2, 3))
            print(
                f"{name}: a step of {step:.2f} ms, {share:.0%} of it waiting for its batch ({left:.0%} with the thread)"
            )
            print(
                f"with / without: {statistics.median(ratios):.3f} (from {ratios[0]:.3f} to {ratios[-1]:.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
