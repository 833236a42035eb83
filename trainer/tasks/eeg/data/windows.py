"""One recording cut in windows, kept on disk under what decides its bytes, and mapped into memory when it is used.

The name of what is kept is made of the content of recording and events and of the rules for windows, so that a changed
file or rule never meets old windows. Reading a whole recording only to know its name would cost as much as cutting it:
a note beside remembers the content of a file by its size and time of change.
"""

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.record import atomic
from trainer.tasks.eeg.data import bdf
from trainer.tasks.eeg.data.recordings import Recording, read_events
from trainer.tasks.eeg.data.resample import resample
from trainer.tasks.eeg.settings import Data

RULES = 2  # grows when the same file would give other windows


@dataclass(frozen=True, slots=True)
class Windows:
    """Of one recording: `signals` [n, channels, samples] and `targets` [n], as text when they are classes."""

    recording: Recording
    channels: tuple[str, ...]
    signals: NDArray[np.float32]
    targets: tuple[str, ...]
    short: int  # windows that would have reached beyond the recording

    def __len__(self) -> int:
        return len(self.targets)


def load(recording: Recording, data: Data, cache: Path) -> Windows:
    """The windows of a recording, from the cache or cut now. ValueError (Damaged) when it cannot be read."""
    name = f"{content_of(recording, cache)}-{rules_of(data)}"
    found = _kept(recording, cache / name)
    if found is None:
        found = cut(recording, data)
        _keep(found, cache / name)
        found = _kept(recording, cache / name) or found
    return found


def cut(recording: Recording, data: Data) -> Windows:
    """Read, resample, cut; the mean of each window and channel taken away."""
    header = bdf.read_header(recording.path)
    signals = _choose(recording, header, data.channels)
    events = read_events(recording.events, data)
    rate = header.rate(signals[0])
    whole = resample(bdf.read(recording.path, header, signals), rate, data.rate)
    size = round(data.length * data.rate)
    starts = [round((event.onset + data.offset) * data.rate) for event in events]
    fits = [0 <= start <= whole.shape[1] - size for start in starts]
    used = [start for start, there in zip(starts, fits, strict=True) if there]
    out = np.empty((len(used), len(signals), size), np.float32)
    for place, start in enumerate(used):
        window = whole[:, start : start + size]
        np.subtract(window, window.mean(1, keepdims=True), out=out[place])
    targets = tuple(event.target for event, there in zip(events, fits, strict=True) if there)
    return Windows(recording, tuple(signal.label for signal in signals), out, targets, len(events) - len(used))


def rules_of(data: Data) -> str:
    """A name for everything in the settings that decides windows."""
    rules = (RULES, data.event, data.target, data.goal, data.channels, data.offset, data.length, data.rate)
    return hashlib.blake2b(repr(rules).encode(), digest_size=8).hexdigest()


def content_of(recording: Recording, cache: Path) -> str:
    """A name for the bytes of recording and events."""
    stats = [path.stat() for path in (recording.path, recording.events) if path.exists()]
    mark = repr((str(recording.path), [(stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in stats]))
    note = cache / f"{hashlib.blake2b(mark.encode(), digest_size=16).hexdigest()}.json"
    try:
        return str(json.loads(note.read_bytes())["content"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    digest = hashlib.blake2b(digest_size=16)
    for path in (recording.path, recording.events):
        if path.exists():
            with path.open("rb") as file:
                while piece := file.read(2**22):
                    digest.update(piece)
        digest.update(b"\0")
    atomic.replace(note, json.dumps({"content": digest.hexdigest(), "of": str(recording.path)}).encode())
    return digest.hexdigest()


def _choose(recording: Recording, header: bdf.Header, wanted: tuple[str, ...]) -> tuple[bdf.Signal, ...]:
    there = {signal.label: signal for signal in header.voltages}
    if not there:
        raise bdf.Damaged(f"{recording.path}: has no channel that measures a voltage")
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ValueError(f"{recording.path}: has no channel {missing[0]!r}; data.channels may name {', '.join(there)}")
    return tuple(there[name] for name in wanted) if wanted else header.voltages


def _keep(windows: Windows, path: Path) -> None:
    """The signals first: the small file that names them makes them count."""
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            np.save(file, windows.signals)
        part.replace(path.with_suffix(".npy"))
    except OSError:
        part.unlink(missing_ok=True)  # a disk that is full needs its room
        raise
    facts = {"channels": windows.channels, "targets": windows.targets, "short": windows.short}
    atomic.replace(path.with_suffix(".windows"), json.dumps(facts).encode())


def _kept(recording: Recording, path: Path) -> Windows | None:
    try:
        facts = json.loads(path.with_suffix(".windows").read_bytes())
        signals = np.load(path.with_suffix(".npy"), mmap_mode="r")
        channels, targets = tuple(facts["channels"]), tuple(facts["targets"])
        if signals.shape[:2] != (len(targets), len(channels)):
            return None
        return Windows(recording, channels, signals, targets, int(facts["short"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
