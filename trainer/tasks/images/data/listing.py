"""Which images there are: a folder with train/, val/ and maybe test/, a folder a class in each, as ImageNet has it."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainer.data.draws import words
from trainer.order import derived
from trainer.schema import ConfigError, Problem
from trainer.tasks import Report
from trainer.tasks.images.settings import Data

SPLITS = ("train", "val", "test")
ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
_READERS = 8  # folders that are listed at once: on a network mount each waits for its answers


@dataclass(frozen=True, slots=True)
class Item:
    """One file."""

    path: str  # below the folder: "train/cat/1.jpg"
    label: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Listing:
    """All files, by split, in the order of classes and names."""

    folder: Path
    classes: tuple[str, ...]
    splits: dict[str, tuple[Item, ...]]


def fault(key: str, what: str, mend: str) -> ConfigError:
    """Something about the data that nobody can train with."""
    return ConfigError([Problem("configuration", None, f"data.{key}", what, mend)])


def list_folder(folder: Path, report: Report) -> Listing:
    """Every image file. ConfigError, with the mend, when this is no such folder or cannot be read."""
    top = _names(folder)
    if "train" not in top:
        raise fault("folder", f"{folder} has no train/", _there(top))
    classes = tuple(_names(folder / "train"))
    if not classes:
        raise fault("folder", f"{folder / 'train'} holds no class folders", "train/<class>/<file> is what is read")
    splits: dict[str, tuple[Item, ...]] = {}
    for split in SPLITS:
        found = classes if split == "train" else _names(folder / split) if split in top else []
        unknown = [name for name in found if name not in classes]
        if unknown:
            raise fault(
                "folder",
                f"{folder / split} has {unknown[0]}/, a class that train/ has not",
                "add it there, or remove it",
            )
        splits[split] = _split(folder, split, [name for name in classes if name in found], classes, report)
    return Listing(folder, classes, splits)


def subset(listing: Listing, data: Data, seed: int) -> Listing:
    """What the settings choose of it. Raises when nothing is left to train or to validate with."""
    count = len(listing.classes)
    if data.classes > count:
        raise fault("classes", f"{data.classes} of {count} classes", f"at most {count}")
    kept = _chosen(range(count), data.classes or count, data.pick, derived(seed, "classes"))
    numbers = {old: new for new, old in enumerate(kept)}
    splits = {
        split: tuple(replace(item, label=numbers[item.label]) for item in items if item.label in numbers)
        for split, items in listing.splits.items()
    }
    if data.hold_out and not splits["val"]:
        splits |= _held_out(splits["train"], data.hold_out, derived(seed, "held out"))
    for split, most in (("train", data.per_class), ("val", data.val_per_class)):
        if most:
            splits[split] = _thinned(splits[split], most, data.pick, derived(seed, split))
    return Listing(listing.folder, tuple(listing.classes[old] for old in kept), splits)


def require(listing: Listing) -> None:
    """Both splits that training needs, and a training image in every class."""
    if not listing.splits["val"]:
        mend = "put images into val/<class>/, or set data.hold_out = 0.1 to hold out a tenth of train/"
        raise fault("folder", f"{listing.folder} has nothing to validate with: val/ is missing or empty", mend)
    there = {item.label for item in listing.splits["train"]}
    empty = [name for number, name in enumerate(listing.classes) if number not in there]
    if empty:
        where = f"{listing.folder / 'train' / empty[0]}"
        raise fault("folder", f"{where} holds no usable image", "add some, or remove the class from all splits")


def _split(folder: Path, split: str, found: Sequence[str], classes: Sequence[str], report: Report) -> tuple[Item, ...]:
    numbers = {name: number for number, name in enumerate(classes)}
    items: list[Item] = []
    with ThreadPoolExecutor(_READERS, "listing") as pool:
        work: Callable[[str], list[Item]] = lambda name: _files(folder, f"{split}/{name}", numbers[name])  # noqa: E731
        for done, part in enumerate(pool.map(work, found), 1):
            items += part
            report(f"listing {split}/", done, len(found))
    return tuple(items)


def _files(folder: Path, inner: str, label: int) -> list[Item]:
    found: list[Item] = []
    try:
        with os.scandir(folder / inner) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and Path(entry.name).suffix.lower() in ENDINGS:
                    state = entry.stat()
                    found.append(Item(f"{inner}/{entry.name}", label, state.st_size, state.st_mtime_ns))
    except OSError as error:
        raise _unreadable(folder / inner, error) from None
    return sorted(found, key=lambda item: item.path)


def _names(folder: Path) -> list[str]:
    """Names of the folders in it, sorted."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise _unreadable(folder, error) from None


def _unreadable(folder: Path, error: OSError) -> ConfigError:
    if isinstance(error, PermissionError):
        nearest = next((item for item in (folder, *folder.parents) if item.exists()), folder)
        mend = f"give user {os.getuid()} the right to read it (look at: ls -ld {nearest}); sudo may have other rights"
        return fault("folder", f"{folder} may not be read by this user", mend)
    if isinstance(error, FileNotFoundError):
        parent = next((item for item in folder.parents if item.is_dir()), Path("/"))
        try:
            empty = not any(parent.iterdir())
        except OSError:
            empty = False
        mend = f"{parent} is empty: mount what belongs there" if empty else f"{parent} is there: correct the path"
        return fault("folder", f"{folder} is not there", mend)
    return fault("folder", f"{folder} cannot be read: {error}", "look at the mount (mount, dmesg), then start again")


def _there(names: Sequence[str]) -> str:
    some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return f"train/<class>/<file> is what is read; there is {some}" if names else "it is empty: mount or fill it"


def _chosen(numbers: Sequence[int], most: int, pick: str, seed: int) -> list[int]:
    """The first, or a draw; in their old order either way."""
    if pick == "first" or most >= len(numbers):
        return list(numbers[:most])
    keys = words(seed, np.asarray(numbers, dtype=np.int64), 0, 1)[:, 0]
    return sorted(numbers[place] for place in np.argsort(keys, kind="stable")[:most].tolist())


def _by_class(items: Sequence[Item]) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    for item in items:
        found.setdefault(item.label, []).append(item)
    return found


def _thinned(items: Sequence[Item], most: int, pick: str, seed: int) -> tuple[Item, ...]:
    found: list[Item] = []
    for label, own in sorted(_by_class(items).items()):
        found += [own[place] for place in _chosen(range(len(own)), most, pick, derived(seed, label))]
    return tuple(found)


def _held_out(items: Sequence[Item], share: float, seed: int) -> dict[str, tuple[Item, ...]]:
    """The training images in two parts, each class in the same proportion."""
    train: list[Item] = []
    val: list[Item] = []
    for label, own in sorted(_by_class(items).items()):
        count = min(len(own) - 1, max(1, round(len(own) * share)))
        out = set(_chosen(range(len(own)), count, "draw", derived(seed, label)))
        for place, item in enumerate(own):
            (val if place in out else train).append(item)
    return {"train": tuple(train), "val": tuple(val)}
