"""How large a batch fits, and what it would gain: sizes doubled until memory or time is out, then halved towards it.

Each size is tried with real batches and whole optimiser steps. On a CPU, where too large a batch would slow down or
kill the machine, each is tried in a process of its own that limits its memory first: a library that meets such a limit
may raise or crash, and either means that the size does not fit.
"""

import faulthandler
import gc
import importlib
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from trainer import device as devices
from trainer import order, process
from trainer.build import make_task
from trainer.config import Config
from trainer.failure import is_out_of_memory
from trainer.order import parts_of
from trainer.stepping import Stepper

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_STEPS = 2  # that are timed, after one that is not
_FIRST = 4  # the smallest size that is tried
_NEAR = 1.1  # the search ends when what fits and what does not are this close
_SHARE = 0.8  # of the machine's free memory may be used on a CPU
_WORTH = 1.05  # a gain below this is none


@dataclass(frozen=True, slots=True)
class Tried:
    """One size."""

    batch: int
    fits: bool
    samples_per_s: float | None
    peak: int | None  # bytes of the GPU's memory, or that the process has held at most

    def words(self) -> str:
        """For people."""
        if not self.fits:
            return f"batch {self.batch:6,}  does not fit"
        peak = "" if self.peak is None else f"  {self.peak / 2**30:6.2f} GiB"
        return f"batch {self.batch:6,}  {self.samples_per_s or 0:8,.1f} samples/s{peak}"


def probe(config: Config, tell: Callable[[Tried], None], *, limit: float, memory: int | None = None) -> list[Tried]:
    """Every size that was tried, in order. `memory`: bytes that a CPU may use, beyond what is in use already."""
    ends = time.monotonic() + limit
    device = devices.choose(config.run.device)
    importlib.import_module("torch._dynamo")  # optimisers load it in their first step: once here, not in every child
    found: list[Tried] = []

    def attempt(batch: int) -> bool:
        began = time.monotonic()
        found.append(_apart(config, batch, memory) if device.type == "cpu" else _attempt(config, batch))
        tell(found[-1])
        spent = time.monotonic() - began
        return found[-1].fits and time.monotonic() + 2 * spent < ends

    batch = max(_FIRST, min(config.run.batch, 64) // 4)
    while attempt(batch):
        batch *= 2
    fits = max((item.batch for item in found if item.fits), default=0)
    fails = min((item.batch for item in found if not item.fits), default=0)
    while fits and fails > fits * _NEAR and fails - fits > 1 and time.monotonic() < ends:
        middle = (fits + fails) // 2
        attempt(middle)
        fits, fails = (middle, fails) if found[-1].fits else (fits, middle)
    return found


def conclusion(found: list[Tried], now: int) -> str:
    """What to make of it, in a sentence."""
    good = sorted((item for item in found if item.fits), key=lambda item: item.batch)
    if not good:
        return "not even the smallest batch fits: use a smaller model or input, or a device with more memory"
    bad = min((item.batch for item in found if not item.fits), default=None)
    reach = f"the largest that fits is {good[-1].batch:,}" if bad else f"{good[-1].batch:,} fits, then time was out"
    fastest = max(good, key=lambda item: item.samples_per_s or 0)
    nearest = min(good, key=lambda item: abs(item.batch - now))
    gain = (fastest.samples_per_s or 0) / max(nearest.samples_per_s or 0, 1e-9)
    if bad is not None and now >= bad:
        return f"{reach}: run.batch = {now:,} does not fit; lower it, or split it with run.accumulate"
    if gain < _WORTH or fastest.batch == nearest.batch:
        return f"{reach}; run.batch = {now:,} is as fast as any"
    return f"{reach}; run.batch = {fastest.batch:,} would be {gain:.2f}× as fast as {nearest.batch:,}"


def _apart(config: Config, batch: int, memory: int | None) -> Tried:
    """The same in a process of its own, which may die of it."""
    context = multiprocessing.get_context("fork")  # all is imported already, and no thread of torch runs yet
    mine, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, config, batch, memory))
    child.start()
    theirs.close()
    try:
        found = mine.recv()
    except EOFError:  # it crashed
        found = Tried(batch, False, None, None)
    child.join()
    if isinstance(found, Exception):
        raise found
    assert isinstance(found, Tried)
    return found


def _child(answer: "Connection", config: Config, batch: int, memory: int | None) -> None:
    faulthandler.disable()
    found: Tried | Exception
    try:
        found = _attempt(config, batch, lambda: _limit(memory))
    except Exception as error:
        found = RuntimeError(str(error))  # of a kind that can be handed over
    answer.send(found)
    answer.close()
    os._exit(0)  # the parent's threads and files are not ours to tidy up


def _attempt(config: Config, batch: int, ready: Callable[[], None] = lambda: None) -> Tried:
    """One size, here. `ready` is called when data and model are there."""
    devices.set_threads(config.run.threads)
    device = devices.choose(config.run.device)
    devices.settle(device, config.run)
    try:
        rate = _speed(config, device, batch, ready)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error) and "can't start new thread" not in str(error):
            raise
        return Tried(batch, False, None, None)
    finally:
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return Tried(batch, True, rate, devices.memory_peak(device))


def _speed(config: Config, device: torch.device, batch: int, ready: Callable[[], None]) -> float:
    """Samples a second of whole steps. The few samples of a trial are repeated: what is measured does not mind."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    task = make_task(config, trial=True)
    task.prepare(lambda what, done, total: None)
    order.seed_everything(config.run.seed)
    stepper = Stepper(config, task, device)
    ready()
    indices = torch.arange(batch) % task.size("train")
    made = [
        (part, task.batch("train", part.indices, device)) for part in parts_of(indices, 0, 1, config.run.accumulate)
    ]
    stepper.step(iter(made), 0.0, 1)
    _wait(device)
    began = time.perf_counter()
    for number in range(_STEPS):
        stepper.step(iter(made), 0.0, number + 2)
    _wait(device)
    return batch * _STEPS / (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _limit(memory: int | None) -> None:
    """This process may grow by so many bytes, or by most of what is free; then it gets a MemoryError."""
    used, total = process.memory()
    if memory is None:
        memory = int(_SHARE * max((total or 0) - (used or 0), 1 << 30))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space() + memory
    resource.setrlimit(resource.RLIMIT_AS, (wanted if soft == resource.RLIM_INFINITY else min(soft, wanted), hard))


def _address_space() -> int:
    """Bytes of addresses that the process has now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
