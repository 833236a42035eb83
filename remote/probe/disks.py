"""Mounted disks: those that hold data, once each, the one of the watched root first."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from remote.probe import procfs

# Filesystems that hold data though no local disk is behind them.
_SHARED = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "lustre",
        "gpfs",
        "beegfs",
        "ceph",
        "glusterfs",
        "9p",
        "afs",
        "panfs",
        "zfs",
        "virtiofs",
    )
)
_NEVER = frozenset(("squashfs", "iso9660", "udf", "erofs"))  # read-only images: full by design


class Mount(NamedTuple):
    device: str
    point: str
    kind: str


def parse_mounts(text: str) -> List[Mount]:
    """/proc/mounts; spaces and the like are written as octal there."""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        if len(words) >= 3:
            found.append(Mount(unescape(words[0]), unescape(words[1]), words[2]))
    return found


def unescape(word: str) -> str:
    """Octal escapes of /proc/mounts as the characters that they stand for."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found.group(1), 8)), word)


def mount_of(path: str, mounts: Sequence[Mount]) -> Optional[Mount]:
    """The mount that `path` lies on: the longest mount point above it, the last one mounted there."""
    best: Optional[Mount] = None
    for mount in mounts:
        inside = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if inside and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def choose(mounts: Sequence[Mount], root: str) -> List[Mount]:
    """The mount of `root`, whatever it is, then every disk once, at its shortest mount point."""
    own = mount_of(root, mounts)
    chosen: Dict[str, Mount] = {}
    for mount in sorted(mounts, key=lambda item: len(item.point)):
        on_disk = mount.device.startswith("/dev/") and mount.kind not in _NEVER
        is_file = mount.point.startswith("/etc/")  # a container's bind mounts of single files
        if (on_disk or mount.kind in _SHARED or mount.kind.startswith("fuse.")) and not is_file:
            chosen.setdefault(mount.device, mount)
    if own is None:
        return list(chosen.values())
    return [own] + [mount for device, mount in chosen.items() if device != own.device]


def measure(mount: Mount) -> Optional[Dict[str, Any]]:
    """Sizes as `df` shows them: free is what an ordinary user may still write. May hang on a dead network disk."""
    try:
        info = os.statvfs(mount.point)
    except OSError:
        return None
    if not info.f_blocks:
        return None
    return {
        "mount": mount.point,
        "device": mount.device,
        "kind": mount.kind,
        "total": info.f_blocks * info.f_frsize,
        "used": (info.f_blocks - info.f_bfree) * info.f_frsize,
        "free": info.f_bavail * info.f_frsize,
        "inodes_free": info.f_favail if info.f_files else None,
    }


def read(root: str) -> List[Dict[str, Any]]:
    """All disks; where there is no /proc, the one of `root`."""
    text = procfs.read("/proc/mounts")
    mounts = choose(parse_mounts(text), os.path.realpath(root)) if text else [Mount("", _existing(root), "")]
    return [row for row in map(measure, mounts) if row is not None]


def _existing(path: str) -> str:
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path
