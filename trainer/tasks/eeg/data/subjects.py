"""All recordings of a run, read side by side, and their windows by split."""

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.data.records import held
from trainer.data.room import patiently
from trainer.order import derived
from trainer.tasks import Report
from trainer.tasks.eeg.data.made import make
from trainer.tasks.eeg.data.recordings import Recording, find
from trainer.tasks.eeg.data.refusing import fault
from trainer.tasks.eeg.data.splits import SPLITS, Subject, deal, disjoint
from trainer.tasks.eeg.data.windows import Windows, load
from trainer.tasks.eeg.settings import Data, Settings

_TRIAL_SUBJECTS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """The windows of one split, mapped into memory recording by recording."""

    subjects: tuple[Subject, ...]
    parts: tuple[Windows, ...]
    first: NDArray[np.int64]  # of each recording
    targets: NDArray[np.float64]  # numbers, or places in the classes

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Signals [n, channels, samples] of these windows, copied."""
        out = np.empty((len(rows), *self.parts[0].signals.shape[1:]), np.float32)
        owner = np.searchsorted(self.first, rows, side="right") - 1
        for place, (row, part) in enumerate(zip(rows.tolist(), owner.tolist(), strict=True)):
            out[place] = self.parts[part].signals[row - self.first[part]]
        return out


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that was read."""

    channels: tuple[str, ...]
    classes: tuple[str, ...]  # empty for numbers
    splits: dict[str, Part]
    skipped: tuple[str, ...]  # why, one for each recording that was left out
    short: int


def open_study(settings: Settings, seed: int, root: Path, report: Report, *, trial: bool = False) -> Study:
    """The windows that the settings ask for, by split; recordings are made or read where they must be."""
    data = settings.data
    seed = seed if data.seed is None else data.seed
    folder = make(settings.made, seed, root, report) if data.source == "made" else Path(data.folder).expanduser()
    recordings = find(data, folder)
    if trial:
        recordings = _few(recordings, data)
    windows, skipped = _read(recordings, data, root / "windows", report)
    channels = _same_channels(windows)
    subjects: dict[Subject, list[Windows]] = {}
    for item in windows:
        subjects.setdefault((item.recording.release, item.recording.subject), []).append(item)
    dealt = deal({name: sum(map(len, items)) for name, items in subjects.items()}, _fitting(data, len(subjects)), seed)
    assert disjoint(dealt), "a subject is in two splits"
    classes = tuple(sorted({target for item in windows for target in item.targets})) if data.goal == "class" else ()
    if data.goal == "class" and len(classes) < 2:
        raise fault("target", f"{data.target!r} has {len(classes)} class", "a column with two at least")
    parts = {split: _part(dealt[split], subjects, classes, data, seed) for split in SPLITS}
    return Study(channels, classes, parts, skipped, sum(item.short for item in windows))


def _read(
    recordings: Sequence[Recording], data: Data, cache: Path, report: Report
) -> tuple[list[Windows], tuple[str, ...]]:
    """In the order of the recordings, however they come. What cannot be read is named; it is skipped or refused."""
    cache.mkdir(parents=True, exist_ok=True)
    found: dict[int, Windows] = {}
    skipped: dict[int, str] = {}
    with held(cache, report), contextlib.closing(_results(recordings, data, cache, report)) as results:
        for left in cache.glob("*.part"):  # of a worker that was killed while it wrote
            left.unlink()
        report("reading subjects", 0, len(recordings))
        for number, result in results:
            if isinstance(result, Windows):
                found[number] = result
            elif data.damaged == "skip":
                skipped[number] = f"subject {recordings[number].subject}: {result}"
            else:
                what = f"subject {recordings[number].subject}: {result}"
                raise fault("damaged", what, 'mend or remove it, or set data.damaged = "skip"')
            report("reading subjects", len(found) + len(skipped), len(recordings))
    for number in sorted(skipped):
        report(f"left out: {skipped[number]}", len(recordings), len(recordings))
    if not found:
        what = f"none of {len(recordings)} recordings can be used; the first: {skipped[min(skipped)]}"
        raise fault("folder", what, "mend them, or name a folder of whole ones; `trainer data inspect` names each")
    return [found[number] for number in sorted(found)], tuple(skipped[number] for number in sorted(skipped))


def _results(
    recordings: Sequence[Recording], data: Data, cache: Path, report: Report
) -> Generator[tuple[int, Windows | str], None, None]:
    """Windows of each recording as they come, or why there are none. A full disk is waited out, not held against it."""
    over = threading.Event()
    threads, readers = torch.get_num_threads(), min(data.readers, os.cpu_count() or 1)

    def one(number: int) -> Windows:
        if over.is_set():
            raise OSError("nobody waits for it")
        return load(recordings[number], data, cache)

    with ThreadPoolExecutor(readers) as pool:
        torch.set_num_threads(max(1, threads // readers))
        waiting = {pool.submit(one, number): number for number in range(len(recordings))}
        try:
            for done, future in enumerate(as_completed(waiting)):
                number = waiting[future]
                tries: Iterator[Callable[[], Windows]] = chain([future.result], repeat(partial(one, number)))
                try:
                    windows = patiently(partial(_next, tries), cache, report, done, len(recordings))
                except (ValueError, OSError) as error:
                    yield number, str(error)
                else:
                    yield number, windows if len(windows) else f"{recordings[number].path}: no window"
        finally:
            over.set()
            torch.set_num_threads(threads)


def _next(tries: Iterator[Callable[[], Windows]]) -> Windows:
    return next(tries)()


def _same_channels(windows: Sequence[Windows]) -> tuple[str, ...]:
    first = windows[0]
    for item in windows:
        if item.channels != first.channels:
            what = f"{item.recording.path} has {len(item.channels)} channels in another order or number than "
            what += f"{first.recording.path} with {len(first.channels)}"
            raise fault("channels", what, "name those to use in data.channels")
    return first.channels


def _part(
    names: Sequence[Subject], subjects: dict[Subject, list[Windows]], classes: tuple[str, ...], data: Data, seed: int
) -> Part:
    windows = tuple(item for name in names for item in subjects[name])
    texts = [target for item in windows for target in item.targets]
    values = [classes.index(text) for text in texts] if classes else [float(text) for text in texts]
    targets = np.array(values, np.float64)
    if data.shuffle:
        order = np.random.Generator(np.random.PCG64(derived(seed, "shuffle", len(targets)))).permutation(len(targets))
        targets = targets[order]
    first = np.cumsum([0, *(len(item) for item in windows)])[:-1]
    return Part(tuple(names), windows, first, targets)


def _few(recordings: list[Recording], data: Data) -> list[Recording]:
    """The first subjects, of every release, for a trial."""
    releases = data.releases or ("",)
    each = max(3, _TRIAL_SUBJECTS // len(releases))
    kept = []
    for release in releases:
        subjects = list(dict.fromkeys(item.subject for item in recordings if item.release == release))[:each]
        kept += [item for item in recordings if item.release == release and item.subject in subjects]
    return kept


def _fitting(data: Data, subjects: int) -> Data:
    """A trial has fewer subjects than the run has folds; its own folds are as many as it can have."""
    if subjects >= data.folds or subjects > _TRIAL_SUBJECTS * 2:
        return data
    return replace(data, folds=3, fold=data.fold % 3)
