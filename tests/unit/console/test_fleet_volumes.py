"""Volumes that could be larger: ordinary layouts are silent, grown ones name the exact commands."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.volumes import unexpanded
from remote.events import Block

MIB, GIB = 2**20, 2**30


def disk(name, size, **more):
    return Block(name, f"/dev/{name}", "disk", size, **{"table": "gpt", **more})


def part(parent, number, start, size, **more):
    name = f"{parent}{number}"
    return Block(name, f"/dev/{name}", "partition", size, start=start, number=number, below=(parent,), **more)


def mapped(name, kind, size, *below, **more):
    return Block(name, f"/dev/mapper/{name}", kind, size, below=below, **more)


def ext4(block, mount, size=None):
    """With a filesystem as mkfs makes it: an inode for 16 KiB, a journal, and what statvfs leaves out."""
    whole = size or block.size
    inodes = whole // 16384
    shown = whole - inodes * 256 - min(GIB, whole // 64) - whole // 2000
    return replace(block, mount=mount, filesystem="ext4", filesystem_size=shown, inodes=inodes)


def xfs(block, mount, size=None):
    whole = size or block.size
    shown = whole - max(64 * MIB, min(2 * GIB, whole // 2048))
    return replace(block, mount=mount, filesystem="xfs", filesystem_size=shown, inodes=1000)


ORDINARY = {
    "one partition with an EFI one before it": (
        disk("sda", 500 * GIB),
        part("sda", 1, MIB, 512 * MIB),
        ext4(part("sda", 2, 513 * MIB, 500 * GIB - 514 * MIB), "/"),
    ),
    "swap behind the root": (
        disk("sda", 500 * GIB),
        ext4(part("sda", 1, MIB, 468 * GIB), "/"),
        part("sda", 2, 468 * GIB + MIB, 32 * GIB - 2 * MIB),
    ),
    "an old table with a logical partition": (
        disk("sda", 100 * GIB, table="dos"),
        part("sda", 1, MIB, 10 * GIB),
        part("sda", 2, 10 * GIB + MIB, 1024),
        ext4(part("sda", 5, 10 * GIB + 2 * MIB, 40 * GIB), "/"),
    ),
    "a whole disk": (xfs(disk("nvme0n1", 2000 * GIB), "/data"),),
    "a volume group that is all used": (
        disk("sda", 100 * GIB),
        part("sda", 3, 2 * GIB, 98 * GIB - 2 * MIB),
        ext4(mapped("vg-root", "lvm", 60 * GIB, "sda3"), "/"),
        ext4(mapped("vg-home", "lvm", 38 * GIB - 8 * MIB, "sda3"), "/home"),
    ),
    "a volume over two disks": (
        disk("sda", 100 * GIB),
        disk("sdb", 100 * GIB),
        ext4(mapped("vg-big", "lvm", 120 * GIB, "sda", "sdb"), "/big"),
    ),
    "a thin volume": (
        disk("sda", 100 * GIB),
        mapped("vg-pool_tdata", "lvm", 90 * GIB, "sda"),
        mapped("vg-pool-tpool", "lvm", 90 * GIB, "vg-pool_tdata"),
        ext4(mapped("vg-thin", "lvm", 20 * GIB, "vg-pool-tpool"), "/thin"),
    ),
    "an encrypted disk": (
        disk("sda", 100 * GIB),
        part("sda", 1, MIB, 100 * GIB - 2 * MIB),
        ext4(mapped("luks", "crypt", 100 * GIB - 18 * MIB, "sda1"), "/"),
    ),
    "a mirror of two": (
        disk("sda", 100 * GIB),
        disk("sdb", 200 * GIB),
        ext4(Block("md0", "/dev/md0", "raid", 99 * GIB, below=("sda", "sdb")), "/"),
    ),
    "btrfs that keeps everything twice": (
        replace(disk("sda", 10 * GIB), mount="/", filesystem="btrfs", filesystem_size=5 * GIB),
    ),
    "a disk of 4 TiB with a table that ends at 2": (
        disk("sda", 4096 * GIB, table="dos"),
        ext4(part("sda", 1, MIB, 2048 * GIB - 2 * MIB), "/"),
    ),
    "nothing": (),
}


@pytest.mark.parametrize("layout", ORDINARY)
def test_ordinary_layouts_are_silent(layout):
    assert unexpanded(ORDINARY[layout]) == ()


def test_a_disk_that_was_made_larger():
    (found,) = unexpanded((disk("sda", 500 * GIB), ext4(part("sda", 1, MIB, 100 * GIB), "/")))
    assert found.commands == ("sudo growpart /dev/sda 1", "sudo resize2fs /dev/sda1")
    assert found.mount == "/" and 399 * GIB < found.gain < 401 * GIB
    assert found.proof == "/dev/sda1 is followed by 400.0 GiB that belong to no partition of /dev/sda"


def test_a_partition_that_was_grown_without_its_filesystem():
    sda1 = part("sda", 1, MIB, 500 * GIB - 2 * MIB)
    (found,) = unexpanded((disk("sda", 500 * GIB), xfs(sda1, "/my data", 100 * GIB)))
    assert found.commands == ("sudo xfs_growfs '/my data'",) and 390 * GIB < found.gain < 401 * GIB


def test_btrfs_grows_at_its_mount():
    sdb = replace(disk("sdb", 500 * GIB), mount="/data", filesystem="btrfs", filesystem_size=100 * GIB)
    (found,) = unexpanded((sdb,))
    assert found.commands == ("sudo btrfs filesystem resize max /data",)


def test_an_installer_that_gave_the_root_half_of_its_group():
    blocks = (
        disk("sda", 100 * GIB),
        part("sda", 3, 2 * GIB, 98 * GIB - 2 * MIB),
        ext4(mapped("ubuntu--vg-ubuntu--lv", "lvm", 49 * GIB, "sda3"), "/"),
    )
    (found,) = unexpanded(blocks)
    assert found.commands == (
        "sudo pvresize /dev/sda3",
        "sudo lvextend -r -l +100%FREE /dev/mapper/ubuntu--vg-ubuntu--lv",
    )
    assert 48 * GIB < found.gain < 50 * GIB


def test_every_layer_above_the_one_that_grows_has_to_follow():
    blocks = (
        disk("vda", 500 * GIB),
        part("vda", 2, GIB, 99 * GIB),
        mapped("luks", "crypt", 99 * GIB - 16 * MIB, "vda2"),
        ext4(mapped("vg-root", "lvm", 99 * GIB - 20 * MIB, "luks"), "/"),
    )
    (found,) = unexpanded(blocks)
    assert found.commands == (
        "sudo growpart /dev/vda 2",
        "sudo cryptsetup resize luks",
        "sudo pvresize /dev/mapper/luks",
        "sudo lvextend -r -l +100%FREE /dev/mapper/vg-root",
    )


@given(st.integers(1, 16000), st.sampled_from([ext4, xfs]), st.booleans())
def test_no_size_of_a_whole_filesystem_is_a_finding(gib, make, partitioned):
    size = gib * GIB
    blocks = (
        (disk("sda", size + 2 * MIB), make(part("sda", 1, MIB, size), "/"))
        if partitioned
        else (make(disk("sda", size), "/"),)
    )
    assert unexpanded(blocks) == ()


@given(st.integers(1, 4000), st.integers(30, 400), st.sampled_from([ext4, xfs]))
def test_a_volume_that_grew_by_a_third_or_more_is_found_with_about_that_much(gib, percent, make):
    before = gib * GIB
    after = before * (100 + percent) // 100
    (found,) = unexpanded((make(disk("sdb", after), "/data", before),))
    assert 0.5 * (after - before) < found.gain < 1.1 * (after - before) + 96 * MIB


NAMES = st.sampled_from(["sda", "sda1", "sda2", "dm-0", "md0", "loop0"])
SIZES = st.integers(-(2**70), 2**70)
BLOCKS = st.builds(
    Block,
    NAMES,
    st.text(max_size=5),
    st.sampled_from(["disk", "partition", "lvm", "crypt", "raid", "loop", "mapped", ""]),
    SIZES,
    st.none() | SIZES,
    st.none() | st.integers(0, 9),
    st.lists(NAMES, max_size=2).map(tuple),
    st.sampled_from(["gpt", "dos", ""]),
    st.text(max_size=4),
    st.sampled_from(["ext4", "xfs", "btrfs", ""]),
    st.none() | SIZES,
    st.none() | SIZES,
)


@given(st.lists(BLOCKS, max_size=6))
def test_any_devices_are_judged_calmly(blocks):
    for found in unexpanded(blocks):
        assert found.gain > 0 and found.commands and found.proof
