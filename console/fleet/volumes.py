"""Volumes that are larger than what lies in them, and the commands that grow it. Pure.

A disk of a cloud machine is enlarged, and nothing happens: its partition, the volume group in it and the filesystem
keep their sizes. From the mounted filesystem down to the disk, each layer is compared with the one below; from the
lowest that can grow, every layer above has to follow. Silent wherever the layout is not understood for certain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from console.fleet.words import amount
from remote.events import Block

_MIB, _GIB = 2**20, 2**30
_DOS_END = 2**32 * 512  # a table of the old kind cannot name what lies beyond
_INODE = 256
_EXT, _XFS, _BTRFS = frozenset({"ext2", "ext3", "ext4"}), "xfs", "btrfs"
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Unexpanded:
    """A mounted filesystem that could have more room."""

    mount: str
    gain: int  # bytes, about
    proof: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one layer could gain, and how it is grown, whether it gains by itself or because one below it has grown."""

    gain: int
    proof: str
    commands: tuple[str, ...]


def unexpanded(blocks: Sequence[Block]) -> tuple[Unexpanded, ...]:
    """One finding for each mounted filesystem with room below it."""
    devices = {block.name: block for block in blocks}
    found = (_judge(block, devices) for block in blocks if block.filesystem)
    return tuple(item for item in found if item is not None)


def _judge(block: Block, devices: Mapping[str, Block]) -> Unexpanded | None:
    layers = list(_layers(block, devices))
    lowest = max((place for place, layer in enumerate(layers) if layer.gain > 0), default=None)
    if lowest is None:
        return None
    growing = layers[: lowest + 1]
    proof = "; ".join(layer.proof for layer in growing if layer.gain > 0)
    commands = tuple(command for layer in reversed(growing) for command in layer.commands)
    return Unexpanded(block.mount, sum(layer.gain for layer in growing), proof, commands)


def _layers(block: Block, devices: Mapping[str, Block]) -> Iterator[_Layer]:
    """From the filesystem down. Ends where the layout is no longer a plain stack."""
    if block.kind != "lvm":
        yield _filesystem(block)
    elif (whole := _filesystem(block)).gain > 0:
        yield whole
    for _ in range(_DEEPEST):
        below = [devices[name] for name in block.below if name in devices]
        if len(below) != 1 or len(below) != len(block.below):
            return
        layer = _layer(block, below[0], devices)
        if layer is None:
            return
        yield layer
        block = below[0]


def _layer(block: Block, below: Block, devices: Mapping[str, Block]) -> _Layer | None:
    """How `block` grows into what is below it; None when nobody can say."""
    if block.kind == "partition":
        return _partition(block, below, devices)
    if block.kind == "lvm":
        return _logical(block, below, devices)
    if block.kind == "crypt":
        gap = below.size - block.size
        proof = f"{block.path} has {amount(block.size)} of the {amount(below.size)} of {below.path}"
        name = block.path.removeprefix("/dev/mapper/")
        return _Layer(gap if gap > 64 * _MIB else 0, proof, (f"sudo cryptsetup resize {name}",))
    return None


def _filesystem(block: Block) -> _Layer:
    """The filesystem in its device. What it keeps for itself is estimated and left out."""
    size = block.filesystem_size or block.size
    gap = block.size - size - _own(block)
    proof = f"the filesystem on {block.path} has {amount(size)} of {amount(block.size)}"
    if block.filesystem in _EXT:
        command = f"sudo resize2fs {block.path}"
    elif block.filesystem == _XFS:
        command = f"sudo xfs_growfs {_quoted(block.mount)}"
    else:
        command = f"sudo btrfs filesystem resize max {_quoted(block.mount)}"
    return _Layer(gap if gap > max(8 * _MIB, block.size // 50) else 0, proof, (command,))


def _own(block: Block) -> int:
    """Bytes that need no explanation: tables, journal, log; and what is too little to be worth a word."""
    if block.filesystem in _EXT:
        tables = (block.inodes or 0) * _INODE
        return tables + min(block.size * 8 // 100, 3 * _GIB // 2 + block.size // 40)
    if block.filesystem == _XFS:
        return max(96 * _MIB, min(3 * _GIB, block.size // 100)) + block.size // 200
    half = abs(2 * (block.filesystem_size or 0) - block.size) < block.size // 20  # btrfs that keeps everything twice
    return block.size if half else max(64 * _MIB, block.size // 50)


def _partition(block: Block, disk: Block, devices: Mapping[str, Block]) -> _Layer | None:
    """A partition, and the space behind it up to the next one or the end of its disk."""
    if block.start is None or block.number is None or disk.kind not in ("disk", "loop", "raid", "multipath"):
        return None
    logical = disk.table == "dos" and block.number > 4
    if logical:
        return None
    end = block.start + block.size
    others = [other.start for other in devices.values() if other.below == (disk.name,) and other.start is not None]
    limit = min(disk.size, _DOS_END) if disk.table == "dos" else disk.size - _MIB  # a GPT has its copy at the end
    gap = min([limit, *(start for start in others if start > block.start)]) - end
    proof = f"{block.path} is followed by {amount(gap)} that belong to no partition of {disk.path}"
    enough = gap > max(64 * _MIB, disk.size // 100)
    return _Layer(gap if enough else 0, proof, (f"sudo growpart {disk.path} {block.number}",))


def _logical(block: Block, below: Block, devices: Mapping[str, Block]) -> _Layer | None:
    """A logical volume that lies on one physical volume, and what no volume of that one uses."""
    if below.kind == "lvm":  # a pool or a mirror: its insides follow rules of their own
        return None
    volumes = [other for other in devices.values() if below.name in other.below]
    if any(other.kind != "lvm" or other.below != (below.name,) for other in volumes):
        return None
    gap = below.size - sum(other.size for other in volumes)
    proof = f"the volumes on {below.path} use {amount(below.size - gap)} of {amount(below.size)}"
    commands = (f"sudo pvresize {below.path}", f"sudo lvextend -r -l +100%FREE {block.path}")
    return _Layer(gap if gap > max(64 * _MIB, below.size // 100) else 0, proof, commands)


def _quoted(path: str) -> str:
    plain = all(letter.isalnum() or letter in "/._-" for letter in path)
    return path if plain else "'" + path.replace("'", "'\\''") + "'"
