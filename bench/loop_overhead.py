"""What our loop costs beside a bare PyTorch loop, and beside Lightning where it is installed: same model, same batches,
same steps, in turn in one process.

    python bench/loop_overhead.py [--steps 400] [--rounds 7] [--step-ms 5]

Prints the ratio of the times for each round, their median and spread, by the clock on the wall and in CPU time of the
whole process (which other work on the machine disturbs less). Our loop writes rows, status and heartbeat, and looks for
the stop file and a rival at every step; Lightning logs to a CSV file as often; the bare loop only trains. None of them
validates or saves in the timed part. Lightning is no dependency: have it in an environment to throw away.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
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


def lightning(task: Wide, steps: int, lr: float, folder: Path) -> Times:
    """Lightning's loop over the same batches, logging the loss and the accuracy every 50 steps."""
    import warnings

    import pytorch_lightning as pl
    from pytorch_lightning.loggers import CSVLogger

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    device, size = torch.device("cpu"), task.size("train")

    class Batches(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            for number in range(-(-steps * BATCH // size)):
                for indices in order.batches(0, number, size, BATCH):
                    yield task.batch("train", indices, device)

    class Module(pl.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.net, self.marks = task.model(), [now()] * 2

        def training_step(self, batch: Any, number: int) -> Any:
            loss, more = task.loss(self.net, batch)
            self.log_dict({"loss": loss.detach(), **more}, batch_size=BATCH)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=lr)

        def on_train_batch_start(self, batch: Any, number: int) -> None:
            if number == 0:
                self.marks[0] = now()

        def on_train_batch_end(self, *arguments: Any) -> None:
            self.marks[1] = now()

    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    logger = CSVLogger(folder)
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, max_steps=steps, logger=logger, log_every_n_steps=50, **quiet)
    module = Module()
    trainer.fit(module, torch.utils.data.DataLoader(Batches(), batch_size=None))
    assert trainer.global_step == steps
    return module.marks[1].since(module.marks[0])


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
    opponents = ["bare"] + ["Lightning"] * (importlib.util.find_spec("pytorch_lightning") is not None)
    if len(opponents) == 1:
        print("Lightning is not installed here: not compared with")
    with registered(), tempfile.TemporaryDirectory() as folder:
        tiny_task.TinyTask = Wide  # type: ignore[misc]
        torch.set_num_threads(1)
        width = width_for(arguments.step_ms)
        found: dict[str, list[Times]] = {name: [] for name in opponents}
        for number in range(arguments.rounds):
            one_round(number, steps, Path(folder) / str(number), found)
        print(f"width {width}, {steps} steps a round, one thread")
        for name, ratios in found.items():
            for kind in Times._fields:
                values = sorted(getattr(ratio, kind) for ratio in ratios)
                spread = f"from {values[0]:.4f} to {values[-1]:.4f}"
                print(f"ours / {name}, {kind}: {statistics.median(values):.4f} ({spread})")


def one_round(number: int, steps: int, folder: Path, found: dict[str, list[Times]]) -> None:
    """Each opponent before and after ours; appends the ratios ours / opponent."""
    folder.mkdir()
    loops = {
        "bare": lambda: bare(prepared(), steps, 0.01),
        "Lightning": lambda: lightning(prepared(), steps, 0.01, folder),
    }
    first = {name: loops[name]() for name in found}
    mine = ours(steps, folder / "run")
    second = {name: loops[name]() for name in found}
    for name, ratios in found.items():
        both = zip(mine, first[name], second[name], strict=True)
        ratios.append(Times(*(2 * ours / (one + two) for ours, one, two in both)))
        step = (first[name].cpu + second[name].cpu) / 2 / steps * 1000
        ratio = f"{ratios[-1].wall:.4f} (wall) {ratios[-1].cpu:.4f} (CPU)"
        print(f"round {number + 1}: {name} {step:.2f} ms of CPU a step; ours / {name} {ratio}", flush=True)


if __name__ == "__main__":
    main()
