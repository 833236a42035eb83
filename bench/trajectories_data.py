"""Trajectories: drawing, export and loading, each beside its opponent and in turn.

    python bench/trajectories_data.py [FOLDER] [FILES] [SAMPLES] [--only PART] [--kinds float32] [--rounds 3]

Opponents: the field's own rate (19.6 samples/s), a plain drawing loop, the disk's own speed, and FILES .pt files (one a
sample, uint8 as is most favourable to them, and float32 as torch has numbers by default) read by a shuffled DataLoader.
10,000 of float32 are 21 GB: the part `loading` alone, with `--kinds float32 --rounds 1`, is minutes of the disk's time.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.settings import Data
from trainer.tasks.trajectories.data.views import Views, open_views

FIELD = 19.6  # samples/s
BATCH = 16
ROUNDS = 5
DRAWN = 1_600  # samples in a round of drawing

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def silent(what: str, done: float, total: float | None) -> None:
    """Nobody waits here."""


def data(samples: int, **keys: object) -> Data:
    tenth = samples // 40 * 4
    return Data(train=samples // 4 * 4 - 2 * tenth, val=tenth, test=tenth, **keys)  # type: ignore[arg-type]


Rates = dict[str, list[float]]


def in_turn(works: dict[str, Callable[[], int]], rounds: int = ROUNDS) -> tuple[Rates, Rates]:
    """Samples/s of each in every round, by the clock on the wall and by CPU time of this process without its workers.

    They take turns, so that all meet the same machine; on a busy one CPU time is the sounder figure.
    """
    wall: Rates = {name: [] for name in works}
    cpu: Rates = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began, spent = time.perf_counter(), time.process_time()
            count = work()
            wall[name].append(count / (time.perf_counter() - began))
            cpu[name].append(count / (time.process_time() - spent))
    return wall, cpu


def show(rates: Rates, unit: str = "samples/s") -> None:
    for name, values in rates.items():
        spread = f"{min(values):,.0f} to {max(values):,.0f}"
        print(f"  {name:34} median {statistics.median(values):10,.0f} {unit}   ({spread})")


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Round by round, so that a disturbed round disturbs both."""
    values = [one / other for one, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(values):,.1f} × ({min(values):,.1f} to {max(values):,.1f})"


def plainly(views: Views, rows: np.ndarray) -> int:
    """The opponent: a fresh array, in each picture a Gaussian over all pixels."""
    pixels = np.zeros((len(rows), CAMERAS, FRAMES, PIXELS, PIXELS), dtype=np.float32)
    y, x = np.mgrid[:PIXELS, :PIXELS]
    middles = views.cameras.project(views.positions("train", rows))
    for sample in range(len(rows)):
        for camera in range(CAMERAS):
            for frame in range(FRAMES):
                u, v = middles[sample, frame, camera]
                pixels[sample, camera, frame] = np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 2.4**2))
    return len(rows)


def drawing() -> None:
    kinds = {"field": data(DRAWN * 2), "hard": data(DRAWN * 2, preset="hard")}
    views = {name: open_views(kind, 0, Path("/nowhere"), silent, limit=DRAWN) for name, kind in kinds.items()}
    order = np.random.default_rng(0).permutation(DRAWN)

    def drawn(name: str) -> Callable[[], int]:
        return lambda: sum(len(views[name].draw("train", order[at : at + BATCH])) for at in range(0, DRAWN, BATCH))

    works = {f"drawn, {name}": drawn(name) for name in views}
    for work in works.values():
        work()
    wall, rates = in_turn({**works, "a plain loop": lambda: plainly(views["field"], order[:BATCH])})
    print(f"drawing in shuffled batches of {BATCH}, one thread; by the clock, then by CPU time:")
    show(wall)
    show(rates, "samples/core s")
    for name in works:
        times = statistics.median(rates[name]) / FIELD
        print(
            f"  {name}: {times:,.0f} × the field's {FIELD}/s; {ratio(rates[name], rates['a plain loop'])} a plain loop"
        )


def write_plainly(folder: Path, size: int, pieces: int) -> float:
    """The disk's own speed: as many bytes in as many files, nothing computed, each flushed to the disk."""
    block = np.random.default_rng(0).integers(0, 255, size // pieces, dtype=np.uint8).tobytes()
    began = time.perf_counter()
    for number in range(pieces):
        with (folder / f"plain-{number}").open("wb") as file:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    for number in range(pieces):
        (folder / f"plain-{number}").unlink()
    return size / seconds


def export(folder: Path, samples: int) -> None:
    print("durable generation, every shard with checksum and fsync, then the disk's own speed for as many bytes:")
    for name, keys in {"field": {}, "field, whole pictures": {"plain": True}, "hard": {"preset": "hard"}}.items():
        count = samples if not keys else samples // 8
        rates, disk = [], []
        for turn in range(3):
            root = folder / f"export-{turn}"
            began = time.perf_counter()
            views = open_views(data(count, source="shards", **keys), 0, root, silent)
            rates.append(count / (time.perf_counter() - began))
            size, pieces = views.shards.size(), len(views.shards.manifest["shards"])  # type: ignore[attr-defined]
            del views
            shutil.rmtree(root)
            disk.append(write_plainly(folder, size, pieces))
        print(f"  {name}, {count:,} samples, {size / 1e6:,.0f} MB")
        show({"samples": rates})
        show(
            {"bytes of ours": [rate * size / count / 1e6 for rate in rates], "the disk": [d / 1e6 for d in disk]},
            "MB/s",
        )
        print(f"  {statistics.median(rates) / FIELD:,.0f} × the field's {FIELD}/s")


class Files(Dataset[dict[str, torch.Tensor]]):
    """The opponent: one .pt file a sample."""

    def __init__(self, folder: Path, count: int) -> None:
        self.paths = [folder / f"sample_{number}.pt" for number in range(count)]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor] = torch.load(self.paths[row])
        return found


def batches(views: Views, count: int) -> Iterator[Batch]:
    """What a training step takes from us: pixels as bytes, labels, targets."""
    labels, targets = torch.from_numpy(views.labels("train")), torch.from_numpy(np.array(views.targets("train")))
    order = np.random.default_rng(0).permutation(count)
    for at in range(0, count, BATCH):
        rows = order[at : at + BATCH]
        yield torch.from_numpy(views.draw("train", rows)), labels[rows], targets[rows]


BYTES = {"uint8": 530_000, "float32": 2_110_000}  # of a file


def loading(folder: Path, files: int, kinds: list[str], rounds: int) -> None:
    kind = Data(train=files, val=4, test=4)
    drawn = open_views(kind, 0, folder, silent)
    packed = open_views(Data(train=files, val=4, test=4, source="shards"), 0, folder, silent)
    works: dict[str, Callable[[], int]] = {
        "ours, drawn": lambda: sum(len(batch[0]) for batch in batches(drawn, files)),
        "ours, from shards": lambda: sum(len(batch[0]) for batch in batches(packed, files)),
    }
    for name in kinds:
        dtype = getattr(torch, name)
        there = folder / name
        there.mkdir()
        for row in range(files):
            frames = torch.from_numpy(drawn.draw("train", np.array([row]))[0])
            frames = frames.clone() if dtype == torch.uint8 else frames.float() / 255
            label, target = int(drawn.labels("train")[row]), torch.from_numpy(drawn.targets("train")[row].copy())
            torch.save({"frames": frames, "label": label, "target": target}, there / f"sample_{row}.pt")
        for workers in (0, 2):
            loader = DataLoader(Files(there, files), BATCH, shuffle=True, num_workers=workers)
            works[f".pt files, {name}, {workers} workers"] = lambda loader=loader: sum(len(b["label"]) for b in loader)
    wall, cpu = in_turn(works, rounds)
    print(f"loading {files:,} samples in shuffled batches of {BATCH}, files in the page cache where they fit:")
    show(wall)
    print("  without workers, by second of a core:")
    show({name: values for name, values in cpu.items() if "2 workers" not in name}, "samples/core s")
    for ours in ("ours, drawn", "ours, from shards"):
        for theirs in (name for name in wall if name.startswith(".pt")):
            same = "" if "2 workers" in theirs else f"; by CPU time {ratio(cpu[ours], cpu[theirs])}"
            print(f"  {ours} / {theirs}: {ratio(wall[ours], wall[theirs])}{same}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("files", nargs="?", type=int, default=2_000)
    parser.add_argument("samples", nargs="?", type=int, default=10_000)
    parser.add_argument("--only", choices=("drawing", "export", "loading"))
    parser.add_argument("--kinds", nargs="+", choices=tuple(BYTES), default=list(BYTES))
    parser.add_argument("--rounds", type=int, default=3, help="of loading")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    files, samples, parts = arguments.files, arguments.samples, {"drawing", "export", "loading"}
    parts &= {arguments.only or part for part in parts}
    if "drawing" in parts:
        drawing()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        free, each = shutil.disk_usage(name).free, sum(BYTES[kind] for kind in arguments.kinds)
        if "loading" in parts and files * each + samples * 130_000 > free:
            files = int((free * 0.8 - samples * 130_000) / each) // 16 * 16
            print(f"the disk has {free / 1e9:.0f} GB: {files:,} files in place of those asked for")
        if "export" in parts:
            export(Path(name), samples)
        if "loading" in parts:
            loading(Path(name), files, arguments.kinds, arguments.rounds)


if __name__ == "__main__":
    main()
