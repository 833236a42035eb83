"""Who is trained on and who is tested on: subjects are dealt out whole, never their windows."""

import hashlib
from collections.abc import Collection, Mapping

from trainer.tasks.eeg.data.refusing import fault
from trainer.tasks.eeg.settings import Data

SPLITS = ("train", "val", "test")
Subject = tuple[str, str]  # release and name: two releases may use one name twice


def deal(subjects: Mapping[Subject, int], data: Data, seed: int) -> dict[str, tuple[Subject, ...]]:
    """Subjects by split; the values are numbers of windows, which the parts share evenly.

    The test part is one of the folds, or a release; of the others a share decides when to stop. ValueError when that
    leaves nobody for one of them.
    """
    if data.test_release:
        test = [subject for subject in subjects if subject[0] == data.test_release]
        others = [subject for subject in subjects if subject[0] != data.test_release]
    else:
        outer = folds(subjects, data.folds, seed)
        test = outer[data.fold]
        others = [subject for number, part in enumerate(outer) if number != data.fold for subject in part]
    parts = min(max(2, round(1 / data.inner)), max(1, len(others)))
    inner = folds({subject: subjects[subject] for subject in others}, parts, seed + 1)
    val = inner[data.fold % len(inner)]
    train = [subject for part in inner if part is not val for subject in part]
    found = {"train": tuple(sorted(train)), "val": tuple(sorted(val)), "test": tuple(sorted(test))}
    for split, part in found.items():
        if not part:
            what = f"{len(subjects)} subjects leave none for {split}"
            raise fault("folds", what, f"fewer folds (data.folds = {data.folds}) or more data")
    assert sum(map(len, found.values())) == len(set().union(*found.values())) == len(subjects)
    return found


def folds(subjects: Mapping[Subject, int], count: int, seed: int) -> list[list[Subject]]:
    """So many parts of about as many windows each: the largest subjects first, each to the part that has least.

    Equal ones are ordered by a hash, so that the order of files decides nothing.
    """
    parts: list[list[Subject]] = [[] for _ in range(count)]
    sizes = [0] * count
    for subject in sorted(subjects, key=lambda item: (-subjects[item], _draw(item, seed))):
        place = min(range(count), key=lambda number: (sizes[number], len(parts[number]), number))
        parts[place].append(subject)
        sizes[place] += subjects[subject]
    return parts


def disjoint(parts: Mapping[str, Collection[Subject]]) -> bool:
    """Nobody is in two parts."""
    everybody = [subject for part in parts.values() for subject in part]
    return len(everybody) == len(set(everybody))


def _draw(subject: Subject, seed: int) -> bytes:
    return hashlib.blake2b(repr((seed, subject)).encode(), digest_size=8).digest()
