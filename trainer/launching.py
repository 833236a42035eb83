"""`[run] processes = n`: n processes train one run together, and this one looks after them.

They are the same command with torchrun's variables around it, so torchrun may stand in this place. What is better here:
signals are handed on once and the run ends with a checkpoint and its own exit code; when a process was killed, all
begin again from the checkpoint, `[run] restarts` times; and none outlives this one, however it ends.
"""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from trainer import session
from trainer.config import Config, load
from trainer.ranks import RENDEZVOUS, RESTARTS, Ranks
from trainer.record import RunLocked, RunReader, RunWriter
from trainer.record.status import ENDED
from trainer.say import say

LEASH = "TRAJ_LEASH"  # a pipe that closes when the process at its other end is gone
PARTING = 5.0  # seconds in which the others may end by themselves after one has failed


def train(spec: str, overrides: Sequence[str], folder: Path, *, resume: bool, since: float) -> int:
    """Train in this process, or in as many as the configuration asks for. Returns the exit code."""
    config = load(spec, overrides)
    if config.run.processes > 1 and "RANK" not in os.environ:
        sets = [word for item in overrides for word in ("--set", item)]
        words = ["run", spec, *sets, "--run-dir", str(folder), *(["--resume"] if resume else [])]
        return Family(config, folder, words).train()
    watch_leash()
    restarted = int(os.environ.get(RESTARTS) or 0) > 0
    return session.run(config, folder, resume=resume or restarted, since=since)


class Family:
    """The processes of one run."""

    def __init__(self, config: Config, folder: Path, words: Sequence[str]) -> None:
        self._count, self._restarts, self._folder = config.run.processes, config.run.restarts, folder
        self._command = [*same_command(), *words]
        self._ranks: list[subprocess.Popen[bytes]] = []
        self._asked = False  # a signal asked all of them to end

    def train(self) -> int:
        """Until all have ended; the exit code of the run."""
        for attempt in range(self._restarts + 1):
            with self._signals(), self._born(attempt):
                fault = self._wait()
            codes = [rank.returncode for rank in self._ranks]
            if not fault or self._asked or attempt == self._restarts:
                break
            say(f"{fault}: all {self._count} processes begin again from the checkpoint")
        if fault:
            self._tell(fault)
        return max(code if code >= 0 else 1 for code in codes)

    @contextlib.contextmanager
    def _born(self, attempt: int) -> Iterator[None]:
        """All ranks, started; none of them is left at the end."""
        hold, leash = os.pipe()
        with tempfile.TemporaryDirectory(prefix="trainer-") as meeting:
            common = {**os.environ, RENDEZVOUS: f"file://{meeting}/ranks", LEASH: str(hold), RESTARTS: str(attempt)}
            common |= {"WORLD_SIZE": str(self._count), "LOCAL_WORLD_SIZE": str(self._count)}
            try:
                self._ranks = [
                    subprocess.Popen(
                        self._command,
                        env={**common, "RANK": str(number), "LOCAL_RANK": str(number)},
                        pass_fds=(hold,),
                        process_group=0,  # a key on the terminal reaches this process alone, which hands it on
                    )
                    for number in range(self._count)
                ]
                yield
            finally:
                for rank in self._ranks:
                    rank.kill()
                    rank.wait()
                os.close(hold)
                os.close(leash)

    def _wait(self) -> str:
        """Until all have ended; when one failed, the others have a moment for it. Returns who was killed, if any."""
        ends = float("inf")
        while any(rank.poll() is None for rank in self._ranks) and time.monotonic() < ends:
            if ends == float("inf") and any(rank.returncode for rank in self._ranks):
                ends = time.monotonic() + PARTING
            time.sleep(0.02)
        codes = [rank.returncode or 0 for rank in self._ranks]  # those that are still alive were not killed yet
        return ", ".join(f"process {n} was killed by {_name(code)}" for n, code in enumerate(codes) if code < 0)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM go to every rank."""

        def hand_on(number: int, frame: FrameType | None) -> None:
            self._asked = True
            for rank in self._ranks:
                with contextlib.suppress(ProcessLookupError):
                    rank.send_signal(number)

        former = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _tell(self, fault: str) -> None:
        """The run's last words, when the one that says them was killed."""
        say(f"failed: {fault}")
        status = RunReader(self._folder).status()
        if status is None or status.state in ENDED:
            return
        with contextlib.suppress(RunLocked, OSError), RunWriter(self._folder) as writer:
            writer.status(dataclasses.replace(status, state="failed", phase="", reason=fault))
            writer.event("ended", state="failed", reason=fault)


def same_command() -> list[str]:
    """The very command that this process was started with, whatever it was, without its arguments."""
    return [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]]


def watch_leash() -> None:
    """As a rank or a trial: end at once when the process that looks after us is gone."""
    if LEASH not in os.environ:
        return
    hold = int(os.environ.pop(LEASH))

    def wait() -> None:
        os.read(hold, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="leash", daemon=True).start()


def _name(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {code}"


def alone() -> bool:
    """Whether this process is not one of several ranks."""
    return not Ranks.here().several
