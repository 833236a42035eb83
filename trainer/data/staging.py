"""A copy of a slow folder on a local disk: in parallel, checked by content, resumable at the file.

Each file is hashed while it is copied and read again where it arrived; then its line in the copy's journal says so.
What the journal names and is still there is not copied again. The copy's head says where it came from and whether it
is whole: a run that finds it unfinished refuses to read it (`trainer.data.staged`).
"""

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from trainer.data.records import held
from trainer.data.staged import HEAD, JOURNAL, head_of
from trainer.record import atomic
from trainer.schema import ConfigError, Problem
from trainer.tasks import Report

_BLOCK = 1 << 20
_SPARE = 1.02  # room and names that a disk should have, over what is needed


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file of the source."""

    path: str  # below it
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Order:
    """What is copied: everything, or of a folder with train/ and val/ the first classes and images by name."""

    source: Path
    target: Path
    classes: int = 0
    per_class: int = 0
    workers: int = 8
    rate: float = 0.0  # bytes a second at most; 0: no limit


@dataclass(frozen=True)
class Staged:
    """What came of it."""

    files: int
    size: int
    copied: int  # files, this time
    copied_bytes: int
    seconds: float


class Brake:
    """Bytes a second that all threads together may read: a mount is shared with others."""

    def __init__(self, rate: float) -> None:
        self._rate, self._lock = rate, threading.Lock()
        self._free = time.monotonic()

    def take(self, size: int) -> None:
        """Wait until this many bytes may be read."""
        if not self._rate:
            return
        with self._lock:
            self._free = max(self._free, time.monotonic()) + size / self._rate
            wait = self._free - time.monotonic()
        time.sleep(max(0.0, wait))


def stage(order: Order, report: Report) -> Staged:
    """Copy what is missing. ConfigError when it cannot begin; OSError when source or disk go away meanwhile."""
    began = time.monotonic()
    source, target = order.source.expanduser().resolve(), order.target.expanduser().resolve()
    order = replace(order, source=source, target=target)
    wanted = plan(source, order.classes, order.per_class, report)
    check_target(source, target)
    target.mkdir(parents=True, exist_ok=True)
    with held(target, report):
        known = journal(target)
        missing = [item for item in wanted if not _there(target, item, known)]
        check_room(target, missing)
        size = sum(item.size for item in wanted)
        head = {"source": str(source), "classes": order.classes, "per_class": order.per_class}
        head |= {"files": len(wanted), "bytes": size}
        _tell(target, {**head, "complete": False})
        _copy(order, wanted, missing, report)
        _tell(target, {**head, "complete": True, "time": time.time()})
    copied = sum(item.size for item in missing)
    return Staged(len(wanted), size, len(missing), copied, time.monotonic() - began)


def plan(source: Path, classes: int, per_class: int, report: Report) -> list[Wanted]:
    """The source's files, or the chosen ones, sorted by name."""
    try:
        tops = sorted(entry.name for entry in os.scandir(source) if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        mend = "mount it, correct the path, or ask for the right to read it (ls -ld)"
        raise _fault(str(source), f"cannot be read: {error.strerror}", mend) from None
    if not classes and not per_class:
        found = list(_walk(source, "", report))
    elif "train" not in tops:
        raise _fault(str(source), "has no train/: a subset needs train/<class>/<file>", "leave --classes out")
    else:
        names = sorted(entry.name for entry in os.scandir(source / "train") if entry.is_dir())
        found = []
        for name in names[: classes or len(names)]:
            own = sorted(_walk(source, f"train/{name}", report), key=lambda item: item.path)
            found += own[: per_class or len(own)]
            for split in ("val", "test"):
                if (source / split / name).is_dir():
                    found += _walk(source, f"{split}/{name}", report)
    if not found:
        raise _fault(str(source), "holds no files", "mount what belongs there, or correct the path")
    return sorted(found, key=lambda item: item.path)


def check_target(source: Path, target: Path) -> None:
    """Refuse folders that hold something else, or each other."""
    if target == source or source in target.parents or target in source.parents:
        raise _fault(str(target), f"and {source} lie in each other", "choose a folder on another disk")
    head = head_of(target)
    if head is not None and head.get("source") != str(source):
        raise _fault(str(target), f"is a copy of {head.get('source')}", "choose another folder or remove this one")
    if head is None and target.is_dir() and any(item.name != ".lock" for item in target.iterdir()):
        raise _fault(str(target), "holds other things", "choose an empty folder")


def check_room(target: Path, missing: Sequence[Wanted]) -> None:
    """Bytes and names, before the first is copied."""
    state = os.statvfs(target)
    block = state.f_frsize or 4096
    needed = sum(-(-item.size // block) * block for item in missing) * _SPARE
    free = shutil.disk_usage(target).free
    if needed > free:
        what = f"needs {needed / 1e9:.3f} GB, {free / 1e9:.3f} GB are free"
        raise _fault(str(target), what, "free some, choose another disk, or copy less (--classes, --per-class)")
    folders = len({Path(item.path).parent for item in missing})
    if state.f_files and (len(missing) + folders) * _SPARE > state.f_favail:
        what = f"needs {len(missing) + folders:,} names, the filesystem has {state.f_favail:,} inodes free"
        raise _fault(str(target), what, "choose another disk, or pack instead (data.form)")


def journal(target: Path) -> dict[str, tuple[int, int, str]]:
    """Size, time and checksum of every file that has arrived; torn lines are as if they were not there."""
    found: dict[str, tuple[int, int, str]] = {}
    try:
        lines = (target / JOURNAL).read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            path, size, mtime_ns, digest = json.loads(line)
            found[str(path)] = int(size), int(mtime_ns), str(digest)
        except (ValueError, TypeError):
            continue
    return found


def damaged(target: Path) -> list[str]:
    """Files of a copy that are not what was copied."""
    return [
        path
        for path, (_, _, digest) in sorted(journal(target).items())
        if not (target / path).is_file() or _digest(target / path) != digest
    ]


def _copy(order: Order, wanted: Sequence[Wanted], missing: Sequence[Wanted], report: Report) -> None:
    source, target = order.source, order.target
    for folder in sorted({(target / item.path).parent for item in missing}):
        folder.mkdir(parents=True, exist_ok=True)
    brake, total = Brake(order.rate), sum(item.size for item in wanted)
    done = total - sum(item.size for item in missing)
    what = f"copying {len(wanted):,} files (bytes)"
    report(what, done, total)
    with (target / JOURNAL).open("ab") as file, ThreadPoolExecutor(order.workers, "stage") as pool:
        if file.tell():
            file.write(b"\n")  # a line that was torn when its writer was killed ends here
        coming = {pool.submit(_one, source, target, item, brake): item for item in missing}
        try:
            for future in as_completed(coming):
                item, digest = coming[future], future.result()
                file.write(json.dumps([item.path, item.size, item.mtime_ns, digest]).encode() + b"\n")
                file.flush()
                done += item.size
                report(what, done, total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _one(source: Path, target: Path, item: Wanted, brake: Brake) -> str:
    """One file, there whole or not at all; its checksum."""
    arrived = target / item.path
    part = arrived.with_name(f".{arrived.name}.part")
    try:
        with _source(source, item) as file, part.open("wb") as out:
            digest = _pour(source, file, out, brake)
        if part.stat().st_size != item.size:
            raise OSError(f"{source / item.path} changed while it was copied: stage again")
        if _digest(part) != digest:
            raise OSError(f"{arrived} is not what was read from {source}: the disk is faulty, stage to another one")
        os.utime(part, ns=(item.mtime_ns, item.mtime_ns))
        part.replace(arrived)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return digest


def _source(source: Path, item: Wanted) -> BinaryIO:
    try:
        return (source / item.path).open("rb")
    except OSError as error:
        raise _vanished(source, item.path, error) from error


def _pour(source: Path, file: BinaryIO, out: BinaryIO, brake: Brake) -> str:
    digest = hashlib.sha256()
    while True:
        try:
            block = file.read(_BLOCK)
        except OSError as error:
            raise _vanished(source, str(file.name), error) from error
        if not block:
            return digest.hexdigest()
        brake.take(len(block))
        digest.update(block)
        out.write(block)


def _vanished(source: Path, path: str, error: OSError) -> OSError:
    text = f"{path}: the source {source} cannot be read any more ({error.strerror})"
    return OSError(f"{text}: look at the mount, then stage again; what has arrived stays")


def _walk(source: Path, inner: str, report: Report) -> Iterable[Wanted]:
    report("listing folders", 0, None)
    with os.scandir(source / inner) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = f"{inner}/{entry.name}" if inner else entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _walk(source, path, report)
            elif entry.is_file():
                state = entry.stat()
                yield Wanted(path, state.st_size, state.st_mtime_ns)


def _there(target: Path, item: Wanted, known: dict[str, tuple[int, int, str]]) -> bool:
    said = known.get(item.path)
    if said is None or said[:2] != (item.size, item.mtime_ns):
        return False
    try:
        return (target / item.path).stat().st_size == item.size
    except OSError:
        return False


def _tell(target: Path, head: dict[str, object]) -> None:
    atomic.replace(target / HEAD, json.dumps(head, indent=1).encode() + b"\n", durable=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault(place: str, what: str, mend: str) -> ConfigError:
    return ConfigError([Problem(place, None, "", what, mend)])
