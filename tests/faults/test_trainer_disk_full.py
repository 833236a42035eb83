"""A real full disk: a small tmpfs in a mount namespace of its own, seen from here through /proc."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_runs import BASE, TRAINER, Tiny, environment, plain_rows

from trainer.record import RunReader, Status

SCRIPT = """
set -e
mount -t tmpfs -o size=1280k tmpfs "$1"
cd "$1"
head -c $((1280*1024)) /dev/zero > ballast 2>/dev/null || true
truncate -s -300000 ballast
shift
code=0
"$@" || code=$?
cp -r run "$KEEP"
exit $code
"""
SETS = ("run.epochs=12", "loss.step_s=0.002", "checkpoint.archive=1")


@dataclass
class Disk:
    """A trainer on a disk that becomes full while it trains."""

    process: "subprocess.Popen[bytes]"
    inside: Path  # the disk, seen from here
    kept: Path  # where the run is copied to at the end

    def status(self) -> Status | None:
        return RunReader(self.inside / "run").status()

    def wait_for(self, what: Callable[[Status], bool]) -> Status:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            status = self.status()
            if status is not None and what(status):
                return status
            assert self.process.poll() is None, "the trainer ended"
            time.sleep(0.01)
        raise AssertionError(f"never came: {self.status()}")


@pytest.fixture
def disk(tiny: Tiny) -> Iterator[Disk]:
    mount, kept, config = tiny.folder / "disk", tiny.folder / "kept", tiny.folder / "tiny.toml"
    mount.mkdir()
    config.write_text(BASE)
    sets = [word for item in SETS for word in ("--set", item)]
    private = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    command = [*private, "sh", "-c", SCRIPT, "sh", str(mount), *TRAINER, "run", str(config), *sets, "--run-dir", "run"]
    process = subprocess.Popen(command, env=environment(KEEP=str(kept)), stdout=sys.stderr, start_new_session=True)
    try:
        yield Disk(process, Path(f"/proc/{process.pid}/root{mount}"), kept)
    finally:
        if process.poll() is None:
            for child in children(process.pid):
                os.kill(child, signal.SIGKILL)
            process.kill()
            process.wait()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_full_disk_pauses_the_run_and_room_lets_it_go_on(disk: Disk, tiny: Tiny) -> None:
    full = disk.wait_for(lambda status: status.phase == "disk full")
    assert full.state in ("training", "validating")
    (finding,) = full.findings
    assert finding.what == "disk full" and "No space left on device" in finding.proof and "make room" in finding.mend
    beat = full.heartbeat or 0.0
    later = disk.wait_for(lambda status: (status.heartbeat or 0.0) > beat + 1.0)
    assert (later.phase, later.step) == ("disk full", full.step)

    (disk.inside / "ballast").unlink()
    assert disk.process.wait(timeout=60) == 0
    reader = RunReader(disk.kept)
    status = reader.status()
    assert status is not None and (status.state, status.findings) == ("finished", ())
    kinds = [event["event"] for event in reader.events()]
    assert kinds.count("disk full") == kinds.count("disk has room") >= 1
    assert reader.damaged_lines() == 0

    assert tiny.run(*SETS, name="whole") == 0
    whole = tiny.reader("whole")
    assert plain_rows(reader) == plain_rows(whole)
    results = [run.document("results.json") for run in (reader, whole)]
    assert results[0] is not None and results[1] is not None
    assert results[0]["weights_sha256"] == results[1]["weights_sha256"]


def test_a_run_can_say_what_it_waits_for_although_somebody_else_takes_the_last_byte(disk: Disk) -> None:
    done = threading.Event()

    disk.wait_for(lambda status: status.step is not None and status.step > 0)  # then the disk is mounted

    def take() -> None:
        with (disk.inside / "theirs").open("ab", buffering=0) as file:
            while not done.wait(0.01):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(4096))

    taker = threading.Thread(target=take)
    taker.start()
    try:
        full = disk.wait_for(lambda status: status.phase == "disk full")
        beat = full.heartbeat or 0.0
        disk.wait_for(lambda status: status.phase == "disk full" and (status.heartbeat or 0.0) > beat + 2.0)
    finally:
        done.set()
        taker.join()
    for name in ("ballast", "theirs"):
        (disk.inside / name).unlink()
    assert disk.process.wait(timeout=60) == 0


def test_a_paused_run_can_still_be_ended(disk: Disk) -> None:
    disk.wait_for(lambda status: status.phase == "disk full")
    (child,) = children(disk.process.pid)
    os.kill(child, signal.SIGTERM)
    assert disk.process.wait(timeout=30) == 0
    status = RunReader(disk.kept).status()
    assert status is not None and (status.state, status.reason) == ("stopped", "stopped by SIGTERM")
