"""Block devices, how they lie on each other, and the filesystems that are mounted from them.

From /sys/class/block and /proc/self/mountinfo, which every user may read: lsblk knows no more, and is not everywhere.
"""

from __future__ import annotations

import glob
import os
import re
from typing import Any, Dict, List, NamedTuple, Optional

from remote.probe import procfs
from remote.probe.disks import unescape

SYS = "/sys/class/block"
_SECTOR = 512  # sizes in /sys are in these, whatever the disk's own are
_MOST = 256
_GROWABLE = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs"))


class BlockMount(NamedTuple):
    """A mount of a whole filesystem."""

    number: str  # major:minor; 0:… where the filesystem hides its device
    point: str
    kind: str
    device: str


def parse_mountinfo(text: str) -> List[BlockMount]:
    """/proc/self/mountinfo, without mounts of a part of a filesystem."""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        end = words.index("-") if "-" in words else len(words)
        if end < 6 or len(words) < end + 3 or (words[3] != "/" and words[end + 1] != "btrfs"):
            continue
        found.append(BlockMount(words[2], unescape(words[4]), words[end + 1], unescape(words[end + 2])))
    return found


def parse_table(text: str) -> str:
    """The kind of partition table, from a device's file in udev's database."""
    found = re.search(r"^E:ID_PART_TABLE_TYPE=(\w+)$", text, re.MULTILINE)
    return found.group(1) if found else ""


def read() -> List[Dict[str, Any]]:
    """Every device of some size; none where there is no /sys."""
    try:
        names = sorted(os.listdir(SYS))
    except OSError:
        return []
    mounted = _mounted(parse_mountinfo(procfs.read("/proc/self/mountinfo") or ""))
    found = [_device(name, mounted.get(name)) for name in names if not re.match(r"z?ram\d", name)]
    rows = [row for row in found if row is not None]
    carrying = {name for row in rows for name in row["below"]}
    used = [row for row in rows if row["kind"] != "loop" or row["filesystem"] or row["name"] in carrying]
    return used[:_MOST]


def _mounted(mounts: List[BlockMount]) -> Dict[str, BlockMount]:
    """By the kernel's name of the device, the shortest mount point of each."""
    found: Dict[str, BlockMount] = {}
    for mount in sorted(mounts, key=lambda item: len(item.point), reverse=True):
        if mount.kind not in _GROWABLE:
            continue
        link = mount.device if mount.number.startswith("0:") else "/sys/dev/block/" + mount.number
        name = os.path.basename(os.path.realpath(link))
        if os.path.isdir(os.path.join(SYS, name)) and not (mount.kind == "btrfs" and _is_many(name)):
            found[name] = mount
    return found


def _is_many(name: str) -> bool:
    """Whether this device's btrfs has others too: then its size says nothing about this one."""
    lists = glob.glob("/sys/fs/btrfs/*/devices/" + glob.escape(name))
    return any(len(_names(os.path.dirname(path))) > 1 for path in lists)


def _device(name: str, mount: Optional[BlockMount]) -> Optional[Dict[str, Any]]:
    folder = os.path.join(SYS, name)
    size = _number(folder + "/size")
    if not size:
        return None
    start, partition = _number(folder + "/start"), _number(folder + "/partition")
    below = _names(folder + "/slaves")
    if partition is not None:
        below = [os.path.basename(os.path.dirname(os.path.realpath(folder)))]
    mapped, identity = _line(folder + "/dm/name"), _line(folder + "/dm/uuid")
    row = {
        "name": name,
        "path": "/dev/mapper/" + mapped if mapped else "/dev/" + name.replace("!", "/"),
        "kind": _kind(name, partition, identity),
        "size": size * _SECTOR,
        "start": None if start is None else start * _SECTOR,
        "number": partition,
        "below": below,
        "table": parse_table(procfs.read("/run/udev/data/b" + _line(folder + "/dev")) or ""),
        "mount": "",
        "filesystem": "",
        "filesystem_size": None,
        "inodes": None,
    }
    if mount is not None:
        row.update(_filesystem(mount))
    return row


def _filesystem(mount: BlockMount) -> Dict[str, Any]:
    try:
        info = os.statvfs(mount.point)
    except OSError:
        return {}
    size = info.f_blocks * info.f_frsize
    return {"mount": mount.point, "filesystem": mount.kind, "filesystem_size": size, "inodes": info.f_files}


def _kind(name: str, partition: Optional[int], identity: str) -> str:
    if partition is not None:
        return "partition"
    for prefix, kind in (("LVM-", "lvm"), ("CRYPT-", "crypt"), ("mpath-", "multipath")):
        if identity.startswith(prefix):
            return kind
    if identity or name.startswith("dm-"):
        return "mapped"
    return "loop" if name.startswith("loop") else "raid" if name.startswith("md") else "disk"


def _names(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _line(path: str) -> str:
    return (procfs.read(path) or "").strip()


def _number(path: str) -> Optional[int]:
    text = _line(path)
    return int(text) if text.isdigit() and len(text) < 20 else None
