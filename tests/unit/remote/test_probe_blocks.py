"""Block devices, mounts and caches as the probe reads them: exact on real text and files, calm on any other."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote import events, wire
from remote.probe import blocks, caches, disks, facts
from remote.probe.blocks import BlockMount

MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
30 27 259:2 /var/lib/thing /srv/part rw - ext4 /dev/nvme0n1p2 rw
31 27 8:17 / /data\040disk rw,noatime master:1 propagate_from:2 - xfs /dev/sdb1 rw
32 27 0:45 /@home /home rw - btrfs /dev/sdc1 rw,subvol=/@home
33 27 7:3 / /snap/core/1 ro - squashfs /dev/loop3 ro
short line - x
"""


def test_mounts_of_whole_filesystems():
    assert blocks.parse_mountinfo(MOUNTINFO) == [
        BlockMount("0:21", "/proc", "proc", "proc"),
        BlockMount("259:2", "/", "ext4", "/dev/nvme0n1p2"),
        BlockMount("8:17", "/data disk", "xfs", "/dev/sdb1"),
        BlockMount("0:45", "/home", "btrfs", "/dev/sdc1"),
        BlockMount("7:3", "/snap/core/1", "squashfs", "/dev/loop3"),
    ]


def test_the_kind_of_a_partition_table():
    assert blocks.parse_table("N:sda\nE:ID_PART_TABLE_TYPE=gpt\nE:ID_BUS=ata\n") == "gpt"
    assert blocks.parse_table("E:ID_BUS=ata") == ""


@given(st.text() | st.lists(st.sampled_from(["-", "/", "8:1", "ext4", "\\040", "rw"]), max_size=14).map(" ".join))
def test_any_text_is_read_calmly(text):
    for mount in blocks.parse_mountinfo(text):
        assert mount.point.__class__ is str
    blocks.parse_table(text)
    assert isinstance(disks.unescape(text), str)


def test_devices_of_this_machine_are_records():
    for row in blocks.read():
        assert row["size"] > 0 and row["path"].startswith("/dev/") and row["name"] not in row["below"]
        if row["mount"]:
            assert os.path.ismount(row["mount"]) and 0 < row["filesystem_size"] <= row["size"]


@pytest.fixture
def tree(tmp_path):
    """Three files of a MiB, one of them under two names, and a link out of the folder."""
    (tmp_path / "deep/er").mkdir(parents=True)
    for name in ("a", "deep/b", "deep/er/c"):
        (tmp_path / name).write_bytes(b"x" * 2**20)
    os.link(tmp_path / "a", tmp_path / "deep/again")
    (tmp_path / "deep/out").symlink_to("/usr")
    return tmp_path


def test_a_tree_is_measured_once_and_links_are_not_followed(tree):
    size, left, whole = caches.walk(str(tree), 100, time.monotonic() + 60)
    assert whole and left == 100 - 7 and 3 * 2**20 <= size < 3.5 * 2**20


def test_a_walk_is_bounded_by_entries_and_by_time(tree):
    size, _, whole = caches.walk(str(tree), 3, time.monotonic() + 60)
    assert not whole and size <= 3 * 2**20
    assert caches.walk(str(tree), 100, time.monotonic() - 1)[2] is False
    assert caches.walk(str(tree / "not there"), 100, time.monotonic() + 60) == (0, 100, True)


def test_caches_are_where_the_users_environment_puts_them(tree):
    env = {"PIP_CACHE_DIR": str(tree / "deep"), "HF_HOME": str(tree / "my models"), "XDG_CACHE_HOME": "/nowhere"}
    known = {cache.name: cache for cache in caches.known("/home/me", env)}
    assert known["pip"].path == str(tree / "deep") and known["uv"].path == "/nowhere/uv"
    assert known["Hugging Face models"].empty == f"rm -rf -- '{tree}/my models/hub'"
    assert known["trash"].empty == "rm -rf -- /home/me/.local/share/Trash"
    (found,) = [row for row in caches.measure(list(known.values())) if row["name"] == "pip"]
    assert found["whole"] and found["bytes"] >= 3 * 2**20


def test_facts_come_first_without_and_then_with_caches(monkeypatch):
    """The first row never waits for a large cache."""
    rows = []

    class Enough(Exception):
        pass

    def sleep(_seconds):
        if len(rows) == 2:
            raise Enough

    monkeypatch.setattr(facts.time, "sleep", sleep)
    with pytest.raises(Enough):
        facts.tell(rows.append, 0.0)
    assert [row["whole"] for row in rows] == [False, True] and rows[0]["caches"] == []
    decoder = wire.Decoder()
    (event,) = decoder.feed(wire._line(rows[1]))
    assert isinstance(event, events.Facts) and len(event.blocks) == len(rows[1]["blocks"])
