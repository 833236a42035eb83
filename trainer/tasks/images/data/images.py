"""Images by split and row, as the model sees them: files where they lie, or packed. One shape for all."""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer.data import packed
from trainer.data.packed import Packed
from trainer.data.staged import described
from trainer.order import derived
from trainer.tasks import Report
from trainer.tasks.images.data import made
from trainer.tasks.images.data.crops import Box, centre_box, draws, mirrored, random_box
from trainer.tasks.images.data.decode import Damaged, crop, resized, whole_pixels
from trainer.tasks.images.data.listing import SPLITS, Item, Listing, list_folder, require, subset
from trainer.tasks.images.data.scan import Scan, scanned
from trainer.tasks.images.settings import TRIAL_IMAGES, Data

PATIENCE_S = 30.0  # how long a folder that cannot be read any more is waited for
_AT_ONCE = 256  # images decoded before they are written, when packing

T = TypeVar("T")
Pixels = NDArray[np.uint8]
Rows = NDArray[np.int64]


@dataclass
class Images:
    """What is trained on. `take` is for one caller at a time; it decodes in threads of its own."""

    data: Data
    seed: int
    listing: Listing
    scan: Scan
    source_notes: tuple[str, ...]
    packs: Mapping[str, Packed] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)  # path: why another image stands in its place

    def __post_init__(self) -> None:
        self._labels = {
            split: np.array([item.label for item in items], dtype=np.int64)
            for split, items in self.listing.splits.items()
        }
        self.pool = ThreadPoolExecutor(workers(self.data), "decode")
        self._lock = threading.Lock()

    @property
    def classes(self) -> tuple[str, ...]:
        return self.listing.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """What every table must say of the data."""
        return (*self.source_notes, *self.scan.notes())

    @property
    def identity(self) -> str:
        """Equal texts mean equal images, in the same order."""
        return identity_of(self.listing)

    def labels(self, split: str) -> Rows:
        """The class of every row."""
        return self._labels[split]

    def take(self, split: str, rows: Rows, epoch: int | None = None) -> Pixels:
        """Pixels [n, side, side, 3] of these rows: in an epoch of training cropped by chance, else from the centre."""
        side = self.data.side
        out: Pixels = np.empty((len(rows), side, side, 3), dtype=np.uint8)
        numbers = None if epoch is None else draws(self.seed, epoch, rows)

        def show(place: int, row: int) -> Pixels:
            if numbers is None:
                return self._cropped(split, row, self._centre, mirror=False)
            own = numbers[place]
            return self._cropped(split, row, partial(self._chance, own), mirror=self.data.flip and mirrored(own))

        def fill(place: int) -> None:
            out[place] = self.sound(split, int(rows[place]), partial(show, place))

        for _ in self.pool.map(fill, range(len(rows))):
            pass
        return out

    def sound(self, split: str, row: int, show: Callable[[int], T]) -> T:
        """What `show` makes of this row or, where that is damaged, of the next sound one of its class."""
        for place in self._and_the_next(split, row):
            try:
                return show(place)
            except Damaged as error:
                with self._lock:
                    self.replaced[self.listing.splits[split][place].path] = str(error)
        path = self.listing.splits[split][row].path
        raise OSError(f"{path} and all others of its class cannot be shown: {self.replaced[path]}")

    def read(self, item: Item) -> bytes:
        """A file's bytes. A folder that went away is waited for; a file that went away is damaged."""
        path, ends = self.listing.folder / item.path, time.monotonic() + PATIENCE_S
        while True:
            try:
                return path.read_bytes()
            except OSError as error:
                if readable(self.listing.folder / "train"):
                    raise Damaged(f"cannot be read: {error.strerror}") from None
                if time.monotonic() > ends:
                    raise OSError(
                        f"{self.listing.folder} cannot be read any more ({error.strerror}): mount it again, "
                        "then resume the run; a copy on a local disk (trainer data stage) does not go away"
                    ) from error
            time.sleep(0.5)

    def _centre(self, width: int, height: int) -> Box:
        return centre_box(width, height, self.data.side, self.data.shorter)

    def _chance(self, own: NDArray[np.float64], width: int, height: int) -> Box:
        return random_box(width, height, self.data.crop_from, own)

    def _and_the_next(self, split: str, row: int) -> Iterator[int]:
        yield row
        own = np.flatnonzero(self._labels[split] == self._labels[split][row])
        at = int(np.searchsorted(own, row))
        yield from (int(own[(at + ahead) % len(own)]) for ahead in range(1, len(own)))

    def _cropped(self, split: str, row: int, choose: Callable[[int, int], Box], *, mirror: bool) -> Pixels:
        side = self.data.side
        pack = self.packs.get(split)
        if pack is None:
            return crop(self.read(self.listing.splits[split][row]), choose, side, mirror=mirror)
        if self.data.form == "encoded":
            return crop(pack.record(row).data, choose, side, mirror=mirror)
        return pixels_crop(pack.record(row), self.data.stored, choose, side, mirror=mirror)


def open_images(data: Data, seed: int, root: Path, report: Report, *, trial: bool = False) -> Images:
    """Make, list, look at and pack the images as the settings say."""
    folder = made.make(data, seed, root, report) if data.source == "made" else Path(data.folder).expanduser()
    copy = described(folder)
    listing = subset(list_folder(folder, report), data, seed)
    if trial:
        listing = _thin(listing)
    require(listing)
    listing, scan = scanned(
        listing, root, deep=data.scan == "decode", workers=workers(data), tolerate=data.tolerate, report=report
    )
    require(listing)
    images = Images(data, derived(seed, "crops"), listing, scan, copy)
    if data.form == "files" or trial:
        return images
    folder = root / f"{data.form}-{_form(data)}{images.identity}"
    packs = {split: _pack(images, split, folder / f"{split}.pack", report) for split in SPLITS if listing.splits[split]}
    return Images(data, images.seed, listing, scan, copy, packs)


def workers(data: Data) -> int:
    """Threads that decode."""
    return data.workers or len(os.sched_getaffinity(0))


def readable(folder: Path) -> bool:
    """Whether a folder can be looked into, and has something in it."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return next(entries, None) is not None
    return False


def identity_of(listing: Listing) -> str:
    """From names, sizes, labels and splits: a checksum of the contents would read them all."""
    found = hashlib.sha256("\n".join(listing.classes).encode())
    for split in SPLITS:
        for item in listing.splits[split]:
            found.update(f"\n{split} {item.path} {item.label} {item.size}".encode())
    return found.hexdigest()[:16]


def pixels_crop(
    record: Pixels, stored: int, choose: Callable[[int, int], Box], side: int, *, mirror: bool = False
) -> Pixels:
    """As `decode.crop`, from pixels that are stored at one size."""
    left, top, right, bottom = whole_pixels(choose(stored, stored), (stored, stored))
    pixels = resized(np.array(record.reshape(stored, stored, 3)[top:bottom, left:right]), side)
    return pixels[:, ::-1] if mirror else pixels


def _thin(listing: Listing) -> Listing:
    """A few images of each split, of as many classes as can be, for checks and trials."""
    splits = {}
    for split, items in listing.splits.items():
        most = max(TRIAL_IMAGES[split], len(listing.classes) if split == "train" else 0)
        own: dict[int, int] = {}
        ranks = []
        for item in items:
            ranks.append(own.get(item.label, 0))
            own[item.label] = ranks[-1] + 1
        places = sorted(range(len(items)), key=lambda place, ranks=ranks: ranks[place])[:most]  # type: ignore[misc]
        splits[split] = tuple(items[place] for place in sorted(places))
    return Listing(listing.folder, listing.classes, splits)


def _form(data: Data) -> str:
    return f"{data.stored}-" if data.form == "pixels" else ""


def _pack(images: Images, split: str, path: Path, report: Report) -> Packed:
    data, items = images.data, images.listing.splits[split]
    pixels = data.form == "pixels"
    needed = len(items) * data.stored**2 * 3 if pixels else sum(item.size for item in items)
    if not path.exists():
        packed.check_room(path, needed)

    def one(row: int) -> tuple[bytes, int]:
        show = stored if pixels else lambda place: images.read(items[place])
        return images.sound(split, row, show), items[row].label

    def stored(place: int) -> bytes:
        whole = partial(centre_box, side=data.stored, shorter=data.stored)
        return crop(images.read(items[place]), whole, data.stored).tobytes()

    def records(first: int) -> Iterator[tuple[bytes, int]]:
        for rows in packed.batched(range(first, len(items)), _AT_ONCE):
            yield from images.pool.map(one, rows)

    about = {"what": data.form, "side": data.stored if pixels else 0, "images": images.identity, "split": split}
    return packed.pack(path, len(items), records, about, report)
