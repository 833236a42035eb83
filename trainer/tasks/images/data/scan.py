"""Every file looked at once before training: what is damaged is named and left out, what is odd is counted.

The answers are kept beside the other data by (path, size, time of change), so that the second start costs a listing.
They are appended as they come: a scan that was killed goes on where it was.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from trainer.data.records import held
from trainer.tasks import Report
from trainer.tasks.images.data.decode import Damaged, look
from trainer.tasks.images.data.listing import Item, Listing, fault

_AT_ONCE = 256  # files between two words of progress and two writes of the cache


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one file; both empty: an image like any other."""

    damaged: str
    odd: str


@dataclass(frozen=True)
class Scan:
    """What a scan came to."""

    damaged: Mapping[str, str]  # path: why
    odd: Mapping[str, int]  # in what: how many

    def notes(self) -> tuple[str, ...]:
        """What every table must say."""
        if not self.damaged:
            return ()
        return (f"{len(self.damaged):,} damaged files left out",)


def scanned(
    listing: Listing, cache: Path, *, deep: bool, workers: int, tolerate: float, report: Report
) -> tuple[Listing, Scan]:
    """The listing without damaged files, and what was found. ConfigError when too many are damaged."""
    cache.mkdir(parents=True, exist_ok=True)
    items = [item for split in listing.splits.values() for item in split]
    name = hashlib.sha256(str(listing.folder.resolve()).encode()).hexdigest()[:16]
    with held(cache, report):
        found = _verdicts(
            listing.folder, items, cache / f"scan-{name}.jsonl", deep=deep, workers=workers, report=report
        )
    damaged = {item.path: found[item].damaged for item in items if found[item].damaged}
    if len(damaged) > tolerate * len(items):
        path, why = next(iter(damaged.items()))
        what = f"{len(damaged):,} of {len(items):,} files cannot be used, as {path} ({why})"
        raise fault(
            "tolerate", what, f"mend or remove them, or set data.tolerate above {len(damaged) / len(items):.3f}"
        )
    splits = {split: tuple(item for item in part if item.path not in damaged) for split, part in listing.splits.items()}
    odd = Counter(kind for item in items if (kind := found[item].odd) and item.path not in damaged)
    return replace(listing, splits=splits), Scan(damaged, dict(odd))


def _verdicts(
    folder: Path, items: Sequence[Item], cache: Path, *, deep: bool, workers: int, report: Report
) -> dict[Item, Verdict]:
    known = _read(cache)
    keys = {item: (item.path, item.size, item.mtime_ns) for item in items}
    found = {
        item: entry[1] for item in items if (entry := known.get(keys[item])) is not None and (entry[0] or not deep)
    }
    missing = [item for item in items if item not in found]
    if not missing:
        return found
    what = f"looking at {len(items):,} images for damage"
    with ThreadPoolExecutor(workers, "scan") as pool, cache.open("ab") as file:
        if cache.stat().st_size and not _ends_whole(cache):
            file.write(b"\n")
        for start in range(0, len(missing), _AT_ONCE):
            report(what, len(found), len(items))
            part = missing[start : start + _AT_ONCE]
            verdicts = list(pool.map(lambda item: _look(folder, item, deep), part))
            found |= dict(zip(part, verdicts, strict=True))
            file.write(b"".join(_line(item, deep, verdict) for item, verdict in zip(part, verdicts, strict=True)))
            file.flush()
    report(what, len(items), len(items))
    return found


def _look(folder: Path, item: Item, deep: bool) -> Verdict:
    try:
        return Verdict("", look((folder / item.path).read_bytes(), deep=deep))
    except Damaged as error:
        return Verdict(str(error), "")
    except OSError as error:
        return Verdict(f"cannot be read: {error.strerror or error}", "")


def _line(item: Item, deep: bool, verdict: Verdict) -> bytes:
    """What could not be read may be readable the next time: it is not remembered."""
    if verdict.damaged.startswith("cannot be read"):
        return b""
    values = [item.path, item.size, item.mtime_ns, deep, verdict.damaged, verdict.odd]
    return json.dumps(values).encode() + b"\n"


def _read(cache: Path) -> dict[tuple[str, int, int], tuple[bool, Verdict]]:
    """Lines that are not whole, or not ours, are as if they were not there."""
    found: dict[tuple[str, int, int], tuple[bool, Verdict]] = {}
    for line in _lines(cache):
        try:
            path, size, mtime_ns, deep, damaged, odd = json.loads(line)
            found[str(path), int(size), int(mtime_ns)] = bool(deep), Verdict(str(damaged), str(odd))
        except (ValueError, TypeError):
            continue
    return found


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
