"""A disk that fills up while data are made: the making pauses, says so, and goes on when there is room."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from trainer.data.records import MANIFEST, Plan, make

DTYPE = np.dtype([("block", "u1", 4096)])
COUNT, PER = 96, 16
MAKER = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_data_disk_full as own
from trainer.commands.data import Teller
print(own.make(own.plan(Path("data")), own.fill_disk_at(48), Teller(quiet=True)).checksum(), flush=True)
"""
SCRIPT = """
set -e
mount -t tmpfs -o size=1024k tmpfs "$1"
cd "$1"
shift
exec "$@"
"""


def plan(folder: Path) -> Plan:
    return Plan(folder, DTYPE, COUNT, "blocks", "blocks", PER)


def fill(first, end, out) -> None:
    out["block"] = (np.arange(first, end) % 251)[:, None]


def fill_disk_at(at: int):
    """As `fill`, and at one shard somebody else takes all the room there is."""

    def also(first, end, out) -> None:
        fill(first, end, out)
        if first == at:
            with Path("ballast").open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(4096))

    return also


@dataclass
class Disk:
    process: "subprocess.Popen[str]"
    inside: Path  # the disk, seen from here


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    mount = tmp_path / "disk"
    mount.mkdir()
    private = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    command = [*private, "sh", "-c", SCRIPT, "sh", str(mount), sys.executable, "-c", MAKER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Disk(process, Path(f"/proc/{process.pid}/root{mount}"))
        finally:
            process.kill()


def test_the_making_pauses_and_goes_on_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    assert disk.process.stderr is not None and disk.process.stdout is not None
    said = disk.process.stderr.readline()
    assert said.startswith("paused: disk full: waiting for room in data; ") and said.endswith("MiB free\n")
    assert not list(disk.inside.glob("data/.*.part")), "half a shard does not lie in the way"
    made = len(list(disk.inside.glob("data/*.npy")))
    assert 1 <= made < COUNT // PER

    (disk.inside / "ballast").unlink()
    assert disk.process.stderr.readline() == "there is room again: going on\n"
    assert disk.process.stdout.readline().strip() == make(plan(tmp_path / "whole"), fill, quiet).checksum()
    assert disk.process.wait(timeout=30) == 0


def test_a_paused_making_can_be_ended_and_resumed(disk: Disk, tmp_path: Path) -> None:
    assert disk.process.stderr is not None
    assert disk.process.stderr.readline().startswith("paused")
    kept = tmp_path / "kept"
    kept.mkdir()
    for path in disk.inside.glob("data/*"):
        (kept / path.name).write_bytes(path.read_bytes())
    disk.process.send_signal(signal.SIGINT)
    disk.process.wait(timeout=30)
    assert disk.process.returncode != 0
    begun = [path.name for path in kept.glob("*.npy")]
    assert begun and (kept / MANIFEST).is_file()
    again: list[int] = []
    resumed = make(plan(kept), lambda first, end, out: (again.append(first), fill(first, end, out))[1], quiet)
    assert resumed.checksum() == make(plan(tmp_path / "whole"), fill, quiet).checksum()
    assert len(again) < COUNT // PER


def quiet(what: str, done: float, total: float | None) -> None:
    pass
