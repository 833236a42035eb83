"""Export beside the disk's own speed, and a batch from shards beside a batch from the field's .pt files.

python bench/persistence_shards.py [FOLDER] [CLIPS]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from trainer.data.records import PER_SHARD
from trainer.tasks.persistence.data.clips import RECORD, export
from trainer.tasks.persistence.data.render import Renderer
from trainer.tasks.persistence.data.scene import scenes

BATCH = 16
FILES = 400
ROUNDS = 3


def silent(what: str, done: float, total: float | None) -> None:
    """Nobody waits here."""


def write_plainly(folder: Path, count: int) -> float:
    """The opponent: the same number of bytes in files of the same size, nothing computed, each flushed to the disk."""
    data = np.random.default_rng(0).integers(0, 255, PER_SHARD * RECORD.itemsize, dtype=np.uint8).tobytes()
    began = time.perf_counter()
    for number in range(-(-count // PER_SHARD)):
        with (folder / f"plain-{number}").open("wb") as file:
            file.write(data[: min(PER_SHARD, count - number * PER_SHARD) * RECORD.itemsize])
            file.flush()
            os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    for path in folder.glob("plain-*"):
        path.unlink()
    return seconds


def main() -> None:
    torch.set_num_threads(1)
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4_096
    size = count * RECORD.itemsize / 1e6
    some = scenes(0, np.arange(count), "v1")
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder = Path(name)
        plain, made = [], []
        for turn in range(ROUNDS):  # in turn, so that both meet the same disk
            plain.append(write_plainly(folder, count))
            began = time.perf_counter()
            shards = export(folder / f"shards-{turn}", some, "bench", silent)
            made.append(time.perf_counter() - began)
        for what, seconds in (("plain writes", plain), ("export with checksums", made)):
            speeds = " ".join(f"{size / value:,.0f}" for value in seconds)
            print(f"{what:24} {count:,} clips, {size:,.0f} MB: best {min(seconds):.2f} s; MB/s: {speeds}")
        print(f"export reaches {100 * min(plain) / min(made):.0f} % of the disk's own speed")

        renderer = Renderer(FILES)
        pixels, _ = renderer.draw(some[slice(0, FILES)])
        for number in range(FILES):
            torch.save(torch.from_numpy(pixels[number]).permute(0, 2, 3, 1).contiguous(), folder / f"clip_{number}.pt")
        order = np.random.default_rng(1).permutation(FILES)
        began = time.perf_counter()
        for start in range(0, FILES, BATCH):
            torch.stack([torch.load(folder / f"clip_{number}.pt") for number in order[start : start + BATCH]])
        by_file = (time.perf_counter() - began) / (FILES / BATCH)
        began = time.perf_counter()
        for start in range(0, FILES, BATCH):
            shards.take("pixels", order[start : start + BATCH])
        by_map = (time.perf_counter() - began) / (FILES / BATCH)
        print(f"batch of {BATCH}: {1e3 * by_map:.2f} ms from shards, {1e3 * by_file:.2f} ms from .pt files")


if __name__ == "__main__":
    main()
