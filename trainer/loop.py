"""The training loop. It knows the `Task` protocol and nothing of any task.

Reads as prose from `Training.run` down. What has an effect on numbers: the order of samples (seed, epoch), the learning
rate (step), the generators' state (kept in checkpoints). Everything else (rows, status, checkpoints, validation) leaves
them untouched, so that a run that was interrupted anywhere ends with the same bits on a CPU. Several ranks run the same
loop on their parts of each step; what only one of them may do or decide goes through `Ranks.first` and `Council`.
"""

import math
import time
from collections.abc import Mapping
from typing import Any

from trainer import device as devices
from trainer import order
from trainer.build import package_of
from trainer.checkpoint import Checkpoints, Keep, Saved
from trainer.config import Config
from trainer.criteria import better, mode_of
from trainer.ending import Ending, Interrupted
from trainer.evaluating import evaluate
from trainer.feeding import Feed
from trainer.guard import Guard
from trainer.health import Health
from trainer.journal import Journal
from trainer.keepsake import pack, unpack
from trainer.meter import Pace, Window
from trainer.optim import rate
from trainer.ranks import Council, Ranks
from trainer.record import RunReader, atomic, sheet
from trainer.record.jsonl import RESUME
from trainer.record.status import Best, Checkpoint
from trainer.say import duration, figures, say
from trainer.stepping import Stepper
from trainer.stopping import Watch
from trainer.tasks import Augments, Evaluation, Task, Tells


class Training:
    """One run's training, from its newest checkpoint or from the beginning, to an ending."""

    def __init__(self, config: Config, task: Task, journal: Journal, ranks: Ranks | None = None) -> None:
        self.config, self.task, self.ranks = config, task, ranks or Ranks()
        self.journal, self.board, self.requests = journal, journal.board, journal.requests
        run, us = config.run, self.ranks
        self.device = devices.choose(run.device, us.local, us.locals)
        devices.settle(self.device, run)
        order.seed_everything(run.seed)
        self.stepper = Stepper(config, task, self.device, us)
        self.model = self.stepper.model
        if not us.main:  # the same weights, other draws
            order.seed_everything(order.derived(run.seed, "rank", us.rank))
        self.size = task.size("train")
        self.course = order.Course(run.seed, self.size, run.batch, rank=us.rank, ranks=us.size, parts=run.accumulate)
        self.epoch_steps = self.course.epoch_steps
        self.steps = run.epochs * self.epoch_steps
        if run.steps:
            self.steps = min(self.steps, run.steps)
        self.feed = Feed(
            lambda indices: task.batch("train", indices, self.device),
            self.course.parts,
            self.device,
            ahead=bool(run.prefetch),
        )
        self.augments = task if isinstance(task, Augments) else None  # not asked in every step: it costs microseconds
        self.council = Council(us, self.requests.asked)
        keep = Keep(best=config.checkpoint.keep_best, metric=config.best_metric, mode=config.best_mode)
        self.checkpoints = Checkpoints(journal.folder, keep)
        self.guard = Guard(config, self.checkpoints, self.steps, self.course.epoch_of)

        self.step = 0  # optimiser steps done
        self.closed = -1  # the step after which the newest validation's epoch was closed; -1: not even begun
        self.window, self.pace, self.began_at = Window(), Pace(), 0  # began_at: the step of this attempt's begin
        self.health = Health(self.board, run)
        self.watch = Watch(config.stop, config.run.epochs)
        self.latest: dict[str, float] = {}  # newest value of every metric
        self.best: dict[str, Best] = {}
        self.first_loss: float | None = None
        self.first: Evaluation | None = None
        self.last: Evaluation | None = None
        self.seconds_before = 0.0  # training time of earlier attempts
        self.began = self.kept_at = time.monotonic()
        self.kept = (-1, -1)  # step and closed of the newest checkpoint
        self.validation_s = 0.0
        self.rows_there: set[tuple[Any, Any]] = set()  # (epoch, step) of validations that the file already has

    # ---- the run as a whole ------------------------------------------------------------------------------------------

    def run(self) -> Ending:
        """Train until something ends it."""
        self.model.train()
        self.board.measure = self.measured
        self.board.now(
            state="training",
            phase="train",
            epochs=self.config.run.epochs,
            steps=self.steps,
            stopping=self.watch.status(),
        )
        try:
            return self._run()
        except Interrupted as interrupted:  # in a validation, or while waiting for room on the disk
            return interrupted.ending
        finally:
            self.feed.close()

    def _run(self) -> Ending:
        if self.closed < 0:
            self.begin()
        while (ending := self.ending()) is None:
            if self.row_is_due():
                self.write_row()
            while (asked := self.council.asked()) is None and self.step < self.epoch_end():
                self.train_step()
            if asked is not None:
                return asked
            self.close_epoch()
        return ending

    def ending(self) -> Ending | None:
        """What ends the run between epochs."""
        if self.watch.met:
            return Ending("criteria met", f"all criteria held after epoch {self.watch.checked}")
        if self.watch.exhausted:
            return Ending("finished", self.watch.exhausted)
        if self.step >= self.steps and self.closed == self.step:
            what = "epochs" if self.step >= self.config.run.epochs * self.epoch_steps else "steps"
            return Ending(
                "finished", f"all {self.config.run.epochs if what == 'epochs' else self.steps} {what} are done"
            )
        return None

    def begin(self) -> None:
        """The untrained model's figures, to compare with."""
        if self.config.run.validate_first:
            self.validate(epoch=0)
        self.closed = 0

    # ---- one step ----------------------------------------------------------------------------------------------------

    def train_step(self) -> None:
        began = time.perf_counter()
        lr = rate(self.config.optim, self.step, self.steps)
        if self.augments is not None:
            self.augments.epoch(self.course.epoch_of(self.step + 1))
        batches = self.feed.batches(self.step, self.epoch_end())
        loss, more = self.stepper.step(batches, lr, self.step + 1)

        samples = self.course.samples(self.step)
        self.step += 1
        self.window.add(loss, more, self.feed.samples)
        self.board.moved()
        self.pace.add(time.perf_counter() - began, self.feed.waited, samples)
        if self.row_is_due():
            self.write_row()
        if self.council.keep(self.checkpoint_is_due()):
            self.keep()

    # ---- rows of metrics ---------------------------------------------------------------------------------------------

    def row_is_due(self) -> bool:
        """Every n steps, and at the end of an epoch."""
        return len(self.window) > 0 and (self.step % self.config.run.log_every == 0 or self.step == self.epoch_end())

    def write_row(self) -> None:
        """The window's means as one row; the one place where the loop waits for the device."""
        self.window.share(self.ranks)
        self.guard.losses(self.window.losses(), self.step)
        means = self.window.means() | self.stepper.figures()
        lr = rate(self.config.optim, self.step - 1, self.steps)
        speed = {name: value for name, value in self.pace.figures().items() if value is not None}
        self.record({"step": self.step, "epoch": self.epoch, "phase": "train", **means, "lr": lr, **speed})
        self.window.clear()
        self.latest |= means
        self.board.set(metrics=dict(self.latest))
        self.look_after()
        if self.first_loss is None:
            self.first_loss = means["loss"]
        self.guard.divergence(means["loss"], self.first_loss, self.step)

    def look_after(self) -> None:
        """Findings on the run's own health."""
        self.health.observe(self.step - self.began_at, self.pace.figures(), self.board.measure().get("device"))
        if isinstance(self.task, Tells):
            self.health.listen(self.task.findings())

    def record(self, row: Mapping[str, Any]) -> None:
        """A row of metrics, once on the disk."""
        self.ranks.first(lambda: self.journal.metric(row))

    def write_sheet(self) -> None:
        """The rows so far as CSV."""
        path, rows = self.journal.folder / sheet.FILE, RunReader(self.journal.folder).metrics()
        self.journal.patiently("metrics.csv", lambda: atomic.replace(path, sheet.text(rows).encode()))

    # ---- end of an epoch ---------------------------------------------------------------------------------------------

    def close_epoch(self) -> None:
        """Validate, decide, keep."""
        epoch, last = self.epoch, self.step >= self.steps
        if last or epoch % self.config.run.validate_every == 0 or self.watch.due(epoch):
            self.validate(epoch)
        self.closed = self.step
        archive = self.config.checkpoint.archive
        ends = last or self.watch.met or bool(self.watch.exhausted)
        if ends or epoch % self.config.checkpoint.every == 0 or (archive and epoch % archive == 0):
            self.keep(archive=bool(archive) and epoch % archive == 0)

    def validate(self, epoch: int) -> None:
        """Figures on the validation samples; verdicts of the stopping rules."""
        self.board.now(state="validating", phase="validate")
        began = time.monotonic()
        evaluation = self.evaluate("val", epoch)
        self.validation_s = time.monotonic() - began
        self.first = self.first or evaluation
        self.last = evaluation
        metrics = dict(evaluation.metrics)
        self.latest |= metrics
        if (epoch, self.step) not in self.rows_there:
            self.record({"step": self.step, "epoch": epoch, "phase": "val", **metrics, "seconds": self.validation_s})
        if epoch:
            self.best = bests(self.best, metrics, epoch, self.step)
        self.watch = self.watch.observe(epoch, self.latest)
        state = {"metrics": dict(self.latest), "best": dict(self.best), "stopping": self.watch.status()}
        self.board.now(state="training", phase="train", progress=None, **state)
        if self.config.run.csv:
            self.ranks.first(self.write_sheet)
        self.announce(epoch, metrics)

    def evaluate(self, split: str, epoch: int) -> Evaluation:
        """The task's own validation. Rank 0 alone keeps its details, for the pictures."""
        found: list[Evaluation] = []
        self.stepper.gather()

        def work() -> Mapping[str, float]:
            model = self.stepper.judged
            found.append(
                evaluate(self.config, self.task, model, split, device=self.device, epoch=epoch, report=self.report)
            )
            return found[0].metrics

        metrics = self.ranks.first(work)
        return found[0] if found else Evaluation(metrics)

    def report(self, what: str, done: float, total: float | None) -> None:
        """What validation and preparation call while they work."""
        self.requests.raise_if_asked()
        self.board.report(what, done, total)

    def announce(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """The epoch in one line, and each decision of the stopping rules in another."""
        train = {"loss": self.latest["loss"]} if "loss" in self.latest else {}
        eta = self.measured()["eta_s"]
        left = f"  {duration(eta)} to go" if epoch and eta is not None else ""
        where = f"epoch {epoch}/{self.config.run.epochs}  step {self.step}/{self.steps}"
        say(f"{where}  {figures({**train, **metrics})}{left}")
        if epoch and self.watch.checked == epoch:
            say(self.watch.verdicts())
            self.journal.event("criteria", epoch=epoch, met=self.watch.met, verdicts=self.watch.verdicts())

    # ---- checkpoints -------------------------------------------------------------------------------------------------

    def checkpoint_is_due(self) -> bool:
        """In the middle of an epoch: after a while. The end of an epoch keeps its own, after the validation."""
        seconds = self.config.checkpoint.seconds
        return bool(seconds) and time.monotonic() - self.kept_at >= seconds and self.step != self.epoch_end()

    def keep(self, *, archive: bool = False) -> None:
        """Write a checkpoint of this very moment, unless there is one. Never one with broken numbers."""
        if self.kept == (self.step, self.closed) and not archive:
            return
        self.window.share(self.ranks)
        self.guard.losses(self.window.losses(), self.step)
        self.guard.weights(self.model, self.step)
        metrics = dict(self.last.metrics) if self.last is not None and self.closed == self.step else {}
        content = self.content()

        def save() -> Saved:
            return self.journal.patiently(
                "a checkpoint",
                lambda: self.checkpoints.save(
                    content, epoch=self.epoch, step=self.step, metrics=metrics, archive=archive
                ),
            )

        saved = self.ranks.first(save)
        self.kept_at, self.kept = time.monotonic(), (self.step, self.closed)
        self.board.set(checkpoint=Checkpoint(f"checkpoints/{saved.file}", saved.epoch, saved.step, saved.time))
        self.journal.event("checkpoint", file=saved.file, epoch=saved.epoch, step=saved.step, bytes=saved.bytes)

    def content(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on."""
        random, *others = self.ranks.everyone(devices.random_state(self.device))
        return {
            **self.stepper.saved(),
            "random": random,
            "ranks": others,
            "step": self.step,
            "closed": self.closed,
            "window": self.window.saved(),
            "watch": self.watch.saved(),
            "latest": self.latest,
            "best": {name: [best.value, best.epoch, best.step, best.mode] for name, best in self.best.items()},
            "first_loss": self.first_loss,
            "first": pack(self.first),
            "seconds": self.seconds,
        }

    def resume(self, rows: list[Mapping[str, Any]]) -> None:
        """Go on from the newest whole checkpoint; `rows` are the metric rows that are there already."""
        found = self.checkpoints.load(self.device, self.journal.warning)
        if found is None:
            if rows:  # killed before its first checkpoint: all it has written is superseded
                self.record({"step": -1, "epoch": 0, "phase": RESUME})
            say("no checkpoint yet: beginning anew")
            return
        content, entry = found
        self.restore(content)
        self.rows_there = {(row.get("epoch"), row.get("step")) for row in rows if row.get("phase") == "val"}
        self.rows_there = {key for key in self.rows_there if key[1] == self.step}
        self.kept = (self.step, self.closed)
        self.record({"step": self.step, "epoch": self.epoch, "phase": RESUME})
        self.journal.event("resumed", file=entry.file, epoch=self.epoch, step=self.step)
        self.board.now(
            metrics=dict(self.latest),
            best=dict(self.best),
            stopping=self.watch.status(),
            checkpoint=Checkpoint(f"checkpoints/{entry.file}", entry.epoch, entry.step, entry.time),
        )
        say(f"resumed from {entry.file}: epoch {self.epoch}, step {self.step} of {self.steps}")

    def restore(self, content: Mapping[str, Any]) -> None:
        self.stepper.restore(content)
        states = [content["random"], *content.get("ranks", ())]
        if self.ranks.rank < len(states):  # a rank that is new goes on with the draws of its own seed
            devices.set_random_state(states[self.ranks.rank], self.device)
        self.step, self.closed = content["step"], content["closed"]
        self.began_at = self.step
        self.window.restore(content["window"])
        self.watch = self.watch.restored(content["watch"])
        self.latest = dict(content["latest"])
        self.best = {name: Best(*values) for name, values in content["best"].items()}
        self.first_loss, self.seconds_before = content["first_loss"], content["seconds"]
        self.first = unpack(content["first"], package_of(self.config))

    # ---- where we are ------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The epoch of the newest step, from 1; 0 before the first step."""
        return self.course.epoch_of(self.step)

    def epoch_end(self) -> int:
        """The step with which the epoch that is being trained ends."""
        begun = self.step if self.closed != self.step else self.step + 1
        return min(self.course.epoch_of(max(1, begun)) * self.epoch_steps, self.steps)

    @property
    def seconds(self) -> float:
        """Time spent on this run, over all attempts."""
        return self.seconds_before + time.monotonic() - self.began

    def measured(self) -> dict[str, Any]:
        """Figures for the status, computed when it is written."""
        left = self.steps - self.step
        epochs_left = left / self.epoch_steps
        eta = left * self.pace.mean() + epochs_left / self.config.run.validate_every * self.validation_s
        return {
            "step": self.step,
            "epoch": self.epoch,
            **self.pace.figures(),
            "eta_s": eta if self.pace.mean() else None,
            "device": devices.describe(self.device, self.ranks.size),
        }


def bests(best: Mapping[str, Best], metrics: Mapping[str, float], epoch: int, step: int) -> dict[str, Best]:
    """The best value of every metric so far."""
    found = dict(best)
    for name, value in metrics.items():
        mode = mode_of(name)
        if not math.isnan(value) and (name not in found or better(value, found[name].value, mode)):
            found[name] = Best(value, epoch, step, mode)
    return found
