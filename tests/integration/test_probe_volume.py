"""A real filesystem that is smaller than its volume: found, grown with the very command, found no more.

A loop device over a file that is made longer, as a cloud machine's disk is.
"""

import os
import shutil
import subprocess

import pytest

from console.fleet.volumes import unexpanded
from remote import wire
from remote.probe import blocks

MIB = 2**20
TOOLS = ("losetup", "mkfs.ext4", "resize2fs", "mount", "umount", "e2fsck", "addpart")
LACKS = [tool for tool in TOOLS if shutil.which(tool) is None]


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{argv}: {done.stderr.strip()}")
    return done.stdout.strip()


class Volume:
    """A loop device, with or without a partition table, and what is mounted from it."""

    def __init__(self, folder):
        self.image, self.mount = folder / "image", folder / "mounted here"
        self.mount.mkdir()
        self.device = self.filesystem = ""

    def attach(self, size, partition=()):
        """`partition`: its first sector and its length."""
        self.image.touch()
        os.truncate(self.image, size)
        self.device = self.filesystem = run("losetup", "--find", "--show", self.image)
        if partition:
            run("addpart", self.device, "1", *map(str, partition))
            self.filesystem = f"{self.device}p1"

    def lengthen(self, size):
        os.truncate(self.image, size)
        run("losetup", "-c", self.device)

    def found(self):
        """As the console gets it: through the wire."""
        event = wire.decode_line(wire._line({"k": "facts", "blocks": blocks.read()}))
        return [item for item in unexpanded(event.blocks) if item.mount == str(self.mount)]

    def close(self):
        subprocess.run(["umount", self.mount], capture_output=True, check=False)
        if self.device:
            subprocess.run(["delpart", self.device, "1"], capture_output=True, check=False)
            subprocess.run(["losetup", "-d", self.device], capture_output=True, check=False)


@pytest.fixture
def volume(tmp_path):
    if os.getuid() != 0:
        pytest.skip("only root can attach and mount a volume")
    if LACKS:
        pytest.skip(f"needs {', '.join(LACKS)}")
    made = Volume(tmp_path)
    yield made
    made.close()


def attached(volume, *how):
    try:
        volume.attach(*how)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"no loop device can be had here: {error}")


def mounted(volume):
    try:
        run("mount", volume.filesystem, volume.mount)
    except RuntimeError as error:
        pytest.skip(f"nothing can be mounted here: {error}")


def test_a_volume_that_grew_is_found_and_its_command_mends_it(volume):
    attached(volume, 64 * MIB)
    run("mkfs.ext4", "-q", volume.device)
    mounted(volume)
    assert volume.found() == []
    volume.lengthen(256 * MIB)
    (found,) = volume.found()
    assert found.commands == (f"sudo resize2fs {volume.device}",) and 150 * MIB < found.gain <= 192 * MIB
    run("umount", volume.mount)  # not every kernel resizes a mounted one
    subprocess.run(["e2fsck", "-fy", volume.device], capture_output=True, check=False)
    run(*found.commands[0].removeprefix("sudo ").split())
    run("mount", volume.device, volume.mount)
    assert volume.found() == []


def test_a_partition_with_room_behind_it_names_both_commands(volume):
    attached(volume, 66 * MIB, (2048, 64 * MIB // 512))
    run("mkfs.ext4", "-q", volume.filesystem)
    mounted(volume)
    assert volume.found() == []
    volume.lengthen(512 * MIB)
    (found,) = volume.found()
    assert found.commands == (f"sudo growpart {volume.device} 1", f"sudo resize2fs {volume.filesystem}")
    assert 400 * MIB < found.gain < 450 * MIB
