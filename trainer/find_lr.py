"""Which learning rate: a sweep from small to large over a few batches, on weights that are put back afterwards.

The rate rises by the same factor at each step; the loss falls, then explodes. What is suggested is where the smoothed
loss falls steepest. Data come from a thread of their own, so that a time limit holds even when a read never returns.
"""

import contextlib
import copy
import hashlib
import math
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer import device as devices
from trainer import order
from trainer.build import make_task
from trainer.checkpoint import fingerprint
from trainer.config import Config
from trainer.order import Part
from trainer.say import duration
from trainer.stepping import Stepper
from trainer.tasks import Augments, Report

EXPLODED = 4.0  # times the smallest smoothed loss
_SMOOTH = 0.9  # of the mean that went before
_FIRST = 10  # steps before the loss may be called exploded, and rates that are never suggested: still settling
_FEWEST = 20  # points from which anything is suggested


@dataclass(frozen=True)
class Asked:
    """The sweep that is wanted."""

    low: float = 1e-3
    high: float = 5.0
    steps: int = 100
    limit: float = 300.0  # seconds, for everything

    def rate(self, step: int) -> float:
        """The rate of step number `step` (from 0)."""
        return float(self.low * (self.high / self.low) ** (step / max(1, self.steps - 1)))


@dataclass(frozen=True)
class Found:
    """What the sweep showed."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None
    ended: str  # why after this many steps
    seconds: float
    waited: float  # of them, for data
    stuck: bool  # a read has not returned yet: the process has to be left without waiting for it


class Source:
    """Prepared data and batches, made in a thread: whoever asks for them waits no longer than until the deadline."""

    def __init__(self, config: Config, deadline: float, report: Report) -> None:
        self.task = make_task(config)
        self.waited = 0.0
        self._deadline, self._report = deadline, report
        self._found: queue.Queue[Any] = queue.Queue(maxsize=1)
        self._over = threading.Event()
        self._ready = threading.Event()
        self._plan: tuple[order.Course, torch.device, int] | None = None
        self._thread = threading.Thread(target=self._work, name="find-lr data", daemon=True)
        self._thread.start()

    def prepared(self) -> None:
        """Wait until the data are there. TimeoutError when they are not in time."""
        self._take()

    def begin(self, course: order.Course, device: torch.device, steps: int) -> None:
        """Make the batches of these steps from now on."""
        self._plan = course, device, steps
        self._ready.set()

    def batches(self) -> list[tuple[Part, Any]]:
        """Those of the next step. TimeoutError when they do not come in time."""
        found: list[tuple[Part, Any]] = self._take()
        return found

    def close(self) -> bool:
        """End the thread; whether it is stuck in a read."""
        self._over.set()
        self._ready.set()
        with contextlib.suppress(queue.Empty):
            self._found.get_nowait()
        self._thread.join(timeout=2.0)
        return self._thread.is_alive()

    def _take(self) -> Any:
        began = time.monotonic()
        try:
            found = self._found.get(timeout=max(0.0, self._deadline - began))
        except queue.Empty:
            raise TimeoutError from None
        finally:
            self.waited += time.monotonic() - began
        if isinstance(found, Exception):
            raise found
        return found

    def _work(self) -> None:
        try:
            self.task.prepare(self._report)
            self._put(True)
            self._ready.wait()
            if self._plan is None:
                return
            course, device, steps = self._plan
            for step in range(steps):
                if isinstance(self.task, Augments):
                    self.task.epoch(course.epoch_of(step + 1))
                self._put([(part, self.task.batch("train", part.indices, device)) for part in course.parts(step)])
        except Exception as error:  # raised again where it is waited for
            self._put(error)

    def _put(self, value: Any) -> None:
        while not self._over.is_set():
            with contextlib.suppress(queue.Full):
                self._found.put(value, timeout=0.2)
                return


def sweep(config: Config, asked: Asked, report: Report) -> Found:
    """Sweep, then put back weights, buffers, optimiser and generators, to the bit."""
    began = time.monotonic()
    devices.set_threads(config.run.threads)
    device = devices.choose(config.run.device)
    devices.settle(device, config.run)
    order.seed_everything(config.run.seed)
    source = Source(config, began + asked.limit, report)
    losses: list[float] = []
    ended = f"all {asked.steps} steps are done"
    try:
        source.prepared()
        stepper = Stepper(config, source.task, device)
        course = order.Course(config.run.seed, source.task.size("train"), config.run.batch, parts=config.run.accumulate)
        source.begin(course, device, asked.steps)
        with untouched(stepper, device):
            stepper.model.train()
            for loss in _losses(stepper, source, asked, report):
                losses.append(loss)
                if told := exploded(losses):
                    ended = told
                    break
    except TimeoutError:
        told = f"{duration(source.waited)} of it went into waiting for data" if source.waited else "the steps are slow"
        ended = f"the limit of {duration(asked.limit)} was reached after {len(losses)} of {asked.steps} steps; {told}"
    finally:
        stuck = source.close()
    rates = tuple(asked.rate(step) for step in range(len(losses)))
    smooth = smoothed(losses)
    seconds = time.monotonic() - began
    return Found(rates, tuple(losses), smooth, suggest(rates, smooth), ended, seconds, source.waited, stuck)


class untouched:
    """Whatever is done to a stepper inside is undone at the end; RuntimeError if a single bit is different."""

    def __init__(self, stepper: Stepper, device: torch.device) -> None:
        self._stepper, self._device = stepper, device

    def __enter__(self) -> None:
        self._saved = copy.deepcopy(self._stepper.saved())
        self._random = devices.random_state(self._device)
        self._before = self._state()
        self._training = self._stepper.model.training

    def __exit__(self, *_: object) -> None:
        self._stepper.restore(self._saved)
        self._stepper.optimiser.zero_grad(set_to_none=True)
        self._stepper.model.train(self._training)
        devices.set_random_state(self._random, self._device)
        if self._state() != self._before:
            raise RuntimeError("the sweep has left traces in the model, the optimiser or the random generators")

    def _state(self) -> str:
        return print_of({**self._stepper.saved(), "random": devices.random_state(self._device)})


def print_of(state: Any) -> str:
    """A checksum of nested plain values and tensors: equal if and only if all of their bits are."""
    found = hashlib.sha256()
    for place, value in sorted(_leaves(state), key=lambda leaf: leaf[0]):
        text = fingerprint({"": value}) if isinstance(value, torch.Tensor) else repr(value)
        found.update(f"{place} {text}\n".encode())
    return found.hexdigest()


def _leaves(state: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(state, Mapping):
        for key, value in state.items():
            yield from _leaves(value, f"{at}/{key}")
    elif isinstance(state, list | tuple):
        for number, value in enumerate(state):
            yield from _leaves(value, f"{at}/{number}")
    else:
        yield at, state


def smoothed(losses: Sequence[float]) -> tuple[float, ...]:
    """A running mean in which the past fades, without the pull of its beginning."""
    mean, found = 0.0, list[float]()
    for number, loss in enumerate(losses, 1):
        mean = _SMOOTH * mean + (1 - _SMOOTH) * loss
        found.append(mean / (1 - _SMOOTH**number))
    return tuple(found)


def exploded(losses: Sequence[float]) -> str:
    """Why the sweep may end after these losses; empty: it may not."""
    if not math.isfinite(losses[-1]):
        return f"the loss of step {len(losses)} is {losses[-1]}"
    smooth = smoothed(losses)
    if len(losses) > _FIRST and smooth[-1] > EXPLODED * min(smooth):
        return f"the loss exploded at step {len(losses)}: {smooth[-1]:.3g}, more than {EXPLODED:g} × {min(smooth):.3g}"
    return ""


def suggest(rates: Sequence[float], smooth: Sequence[float]) -> float | None:
    """The rate at which the smoothed loss falls steepest; None when there are too few points or it never falls."""
    count = len([loss for loss in smooth if math.isfinite(loss)])
    if count < _FEWEST:
        return None
    lowest = min(range(count), key=lambda place: smooth[place])
    slopes = [
        (smooth[place + 1] - smooth[place - 1]) / math.log(rates[place + 1] / rates[place - 1])
        for place in range(_FIRST, min(lowest + 1, count - 1))
    ]
    if not slopes or min(slopes) >= 0:
        return None
    return float(f"{rates[_FIRST + slopes.index(min(slopes))]:.3g}")


def _losses(stepper: Stepper, source: Source, asked: Asked, report: Report) -> Iterator[float]:
    for step in range(asked.steps):
        report("trying learning rates", step, asked.steps)
        loss, _ = stepper.step(source.batches(), asked.rate(step), step + 1)
        yield float(loss.detach())
