"""A run that lives and does not do well: stalled, silent, waiting for data, with numbers that are none. Pure."""

import math
import statistics
from collections.abc import Iterator

from console.fleet.cells import Advice, State
from console.fleet.model import Host, Run
from console.fleet.records import began
from console.fleet.words import amount, duration
from remote.events import Gpu
from trainer.record.status import Status

SILENT_S = 60.0  # a log that is empty for so long is empty for a reason
QUIET_S, WORKED_S = 300.0, 60.0  # … and of a program that we know less about
WAITS = 0.30  # share of the time
SPARE = 0.5  # of a GPU's memory
SETTLED_S = 600.0  # before that, a program may still be about to fill the memory
_LOSS = ("loss", "train_loss")
_WINDOW, _LEAST, _RECENT = 100, 20, 5  # rows: looked at, needed, that have to agree
_GROWN, _ABOVE = 3.0, 2.0  # times the best, times where the window began
_FIRST_LINES = 200
PACE, _SLOW = "samples_per_s", 0.5  # the trainer's own figure; of what is usual
_PACES, _SLOW_ROWS = 200, 25  # rows: looked at, that have to agree: one pause is in the mean of the next hundred steps


def living_findings(run: Run, host: Host, status: Status | None, state: State, now: float) -> Iterator[Advice]:
    """Only of what is told by its own host: the last known state of one that cannot be reached has no news."""
    if not state.live or state.name == "queued" or state.unreachable_for is not None:
        return
    yield from _stalled(run, status, state)
    yield from _numbers(run, status)
    yield from _slower(run, state)
    yield from _silent(run, host, now)
    yield from _waits(status)
    yield from _room(run, host, now)
    yield from _scheduler(run)


def _stalled(run: Run, status: Status | None, state: State) -> Iterator[Advice]:
    if state.stalled_for is None:
        return
    mend = f"look at its log; end it with: trajconsole stop {run.worker}"
    if state.name in ("starting", "preparing") and status is not None:
        doing = status.progress.what if status.progress is not None else ""
        mend = f"{f'“{doing}” ' if doing else 'its preparation '}waits for something: a network mount, a lock? {mend}"
    at = "" if status is None or status.step is None else f"; step {status.step}"
    usual = "" if status is None or not status.step_time_s else f", a step took {status.step_time_s:.3g} s"
    proof = f"{state.evidence}, and it has not moved since{at}{usual if state.name == 'training' else ''}"
    yield Advice(f"no progress for {duration(state.stalled_for)}", proof, mend, action="stop")


def _numbers(run: Run, status: Status | None) -> Iterator[Advice]:
    """For writers that do not look themselves: the trainer ends a run whose numbers are none."""
    name = next((name for name in _LOSS if run.rows.newest(name, 1)), "")
    if not name or (status is not None and any("loss" in item.what for item in status.findings)):
        return
    values = run.rows.newest(name, _WINDOW)
    good = [value for value in values if math.isfinite(value)]
    if not math.isfinite(values[-1]):
        before = f"; the last that was one: {good[-1]:.4g}" if good else ""
        mend = f"it cannot recover: trajconsole stop {run.worker}; lower the learning rate, clip gradients"
        yield Advice(f"{name} is not a number", f"{name} {values[-1]}{before}", mend, "error", "stop")
        return
    if len(good) < _LEAST:
        return
    lowest, first, recent = min(good), statistics.median(good[:10]), good[-_RECENT:]
    if lowest > 0 and min(recent) > _GROWN * lowest and min(recent) > _ABOVE * first:
        proof = f"{name} {recent[-1]:.4g}; it was {lowest:.4g} at best"
        mend = f"lower the learning rate, and go on from an earlier checkpoint: trajconsole stop {run.worker}"
        yield Advice(f"{name} diverges", proof, mend, "warning", "stop")


def _slower(run: Run, state: State) -> Iterator[Advice]:
    """It moves, so it does not stall, and it is not what it was: throughput that was lost in the middle of a run."""
    values = [value for value in run.rows.newest(PACE, _PACES) if math.isfinite(value)]
    if state.name != "training" or len(values) < 3 * _SLOW_ROWS:
        return
    usual, last = statistics.median(values), values[-_SLOW_ROWS:]
    recent = statistics.median(last)
    if 0 < recent < _SLOW * usual and max(last) < _SLOW * usual:
        proof = f"{recent:.3g} samples/s in its last {_SLOW_ROWS} rows, {usual:.3g} in its last {len(values)}"
        mend = "who else works on its host, is a GPU slowed down, is the disk of its data shared? See the host's screen"
        yield Advice(f"it got slower: {recent:.3g} samples/s", proof, mend)


def _silent(run: Run, host: Host, now: float) -> Iterator[Advice]:
    """It works, and its log does not move. The probe knows the Pythons that keep their output back."""
    start, alive = began(run), [item for item in run.processes.values() if item.alive]
    if start is None or not alive or (run.adopted and not (run.launch or {}).get("log")):
        return  # … of one that was adopted without a log nothing was to be read anyway
    age = now + host.clock_offset - start
    worked = max((item.cpu_s or 0.0) for item in alive)
    command = next((item.buffered for item in alive if item.buffered), "")
    if run.log.end or run.rows or run.status is not None:
        return
    share = f"it has worked {duration(worked)} of {duration(age)} and its log is empty"
    if command and age > SILENT_S:
        proof = f"{share}; {command} writes into a file, and Python keeps back 8 KiB of that"
        mend = "python -u, or PYTHONUNBUFFERED=1 where the program is started; a worker that this console starts has it"
        yield Advice("its log is silent: Python buffers it", proof, mend)
    elif not command and age > QUIET_S and worked > WORKED_S:
        yield Advice("its log is silent", share, "if the program buffers its output: stdbuf -oL PROGRAM …", "note")


def _waits(status: Status | None) -> Iterator[Advice]:
    """For writers that do not say so themselves."""
    if status is None or status.data_wait is None or status.data_wait < WAITS or status.state != "training":
        return
    if any("data" in item.what for item in status.findings):
        return
    gain = 1 / max(1 - status.data_wait, 0.02)
    proof = f"waiting for data {status.data_wait:.0%} of the time (without it: up to {gain:.1f}× faster)"
    yield Advice("waiting for data", proof, "more loader workers, or the data on a local disk of the host")


def _room(run: Run, host: Host, now: float) -> Iterator[Advice]:
    """Of GPUs that a process of this run alone is on. The trainer says the same of itself, with what a batch takes."""
    start, status = began(run), run.status
    if start is None or now + host.clock_offset - start < SETTLED_S or host.telemetry is None:
        return
    if status is not None and status.device is not None:
        return
    own = {item.pid for item in run.processes.values() if item.alive}
    for gpu in host.telemetry.gpus:
        if gpu.processes and {item.pid for item in gpu.processes} <= own and _spare(gpu):
            proof = f"GPU {gpu.index}: {amount(gpu.memory_used or 0)} of {amount(gpu.memory_total or 0)} in use"
            yield Advice("memory to spare", proof, "a larger batch would fit", "note")


def _spare(gpu: Gpu) -> bool:
    return (
        gpu.memory_used is not None
        and bool(gpu.memory_total)
        and 1 - gpu.memory_used / (gpu.memory_total or 1) >= SPARE
    )


def _scheduler(run: Run) -> Iterator[Advice]:
    """PyTorch says it once, when the first epoch begins."""
    if run.config.get("task"):
        return  # ours steps in the right order
    if run.log.first == 0 and "before `optimizer.step()`" in "\n".join(run.log.lines[:_FIRST_LINES]):
        yield Advice(
            "the schedule runs a step ahead",
            "PyTorch: lr_scheduler.step() came before optimizer.step(), so the first learning rate was never used",
            "call scheduler.step() after optimizer.step(); with a GradScaler, after a step that it did not skip",
            "note",
        )
