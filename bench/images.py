"""Images a second, decoded, cropped and batched: ours beside a plain DataLoader, from files and packed; and staged.

python bench/images.py [FOLDER] [IMAGES] [MB/S of the slow mount]

The slow mount is a stand-in, for this needs no rights: every file is a named pipe behind which a thread writes the real
bytes, all of them together at a limited rate. It shows what waiting costs, not what a certain network does.
"""

import dataclasses
import io
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from trainer.data.staging import Brake, Order, stage
from trainer.tasks.images.data.images import Images, open_images
from trainer.tasks.images.settings import Data
from trainer.tasks.images.task import normalised

BATCH, ROUNDS, SIDE = 32, 5, 224


def silent(what: str, done: float, total: float | None) -> None:
    """Nobody waits here."""


def write_images(folder: Path, count: int) -> int:
    """JPEG files of the size that ImageNet's have on average, 500 × 375 and some 100 KB; their bytes."""
    numbers, size = np.random.default_rng(0), 0
    for number in range(count):
        path = folder / ("val" if number % 10 == 0 else "train") / f"c{number % 4}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(numbers.integers(0, 256, (30, 40, 3), dtype=np.uint8)).resize((500, 375))
        pixels = np.asarray(coarse) + numbers.normal(0, 12, (375, 500, 1))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=90)
        size += path.stat().st_size
    return size


class Plain(Dataset[tuple[torch.Tensor, int]]):
    """The opponent: the usual transforms, written by hand after torchvision's."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[row]) as file:
            image = file.convert("RGB")
        width, height = image.size
        for _ in range(10):
            area = width * height * random.uniform(0.08, 1)
            ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3)))
            wide, tall = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
            if 0 < wide <= width and 0 < tall <= height:
                break
        else:
            wide, tall = min(width, height), min(width, height)
        left, top = random.randint(0, width - wide), random.randint(0, height - tall)
        image = image.crop((left, top, left + wide, top + tall)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        tensor = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).contiguous().float().div(255)
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        return (tensor - mean[:, None, None]) / deviation[:, None, None], 0


def ours(images: Images, epoch: int) -> None:
    """An epoch of batches as the model takes them."""
    rows = np.random.default_rng(epoch).permutation(len(images.labels("train")))
    for start in range(0, len(rows), BATCH):
        normalised(torch.from_numpy(images.take("train", rows[start : start + BATCH], epoch)))


def decoder_alone(paths: list[Path]) -> None:
    """What nobody can leave out: Pillow's JPEG decoder on the same files."""
    for path in paths:
        Image.open(io.BytesIO(path.read_bytes())).load()


def slow_mount(folder: Path, mount: Path, images: Images, rate: float) -> Images:
    """The same images behind named pipes."""
    brake = Brake(rate)

    def serve(real: Path, pipe: Path) -> None:
        while True:
            with pipe.open("wb") as out:  # waits for a reader
                fresh = pipe.with_suffix(".next")
                os.mkfifo(fresh)
                fresh.replace(pipe)  # the next reader waits at another pipe than this one
                data = real.read_bytes()
                brake.take(len(data))
                out.write(data)

    for items in images.listing.splits.values():
        for item in items:
            pipe = mount / item.path
            pipe.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(pipe)
            threading.Thread(target=serve, args=(folder / item.path, pipe), daemon=True).start()
    return Images(images.data, images.seed, dataclasses.replace(images.listing, folder=mount), images.scan, ())


def timed(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(*arguments)
    return time.perf_counter() - wall, time.process_time() - cpu


def told(name: str, count: int, mine: list[float], theirs: list[float]) -> None:
    ratios = [other / own for own, other in zip(mine, theirs, strict=True)]
    rate, other = count / statistics.median(mine), count / statistics.median(theirs)
    spread = f"{statistics.median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f})"
    print(f"{name:44} {rate:7,.0f}/s   opponent {other:7,.0f}/s   {spread}", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    base = sys.argv[1] if len(sys.argv) > 1 else None
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rate = float(sys.argv[3]) * 1e6 if len(sys.argv) > 3 else 3e6
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder, root = Path(name) / "set", Path(name) / "root"
        size = write_images(folder, count)
        print(f"{count} files, {size / count / 1e3:.0f} KB each; {os.cpu_count()} cores; CPU seconds of one thread")
        data = Data(source="folder", folder=str(folder), side=SIDE, workers=1)
        kinds = {"files": data, "encoded": dataclasses.replace(data, form="encoded")}
        kinds["pixels"] = dataclasses.replace(data, form="pixels")
        opened = {kind: open_images(own, 0, root, silent) for kind, own in kinds.items()}
        paths = [folder / item.path for item in opened["files"].listing.splits["train"]]
        plain = DataLoader(Plain(paths), BATCH, shuffle=True)
        found: dict[str, list[float]] = {kind: [] for kind in (*kinds, "plain", "decoder", "two", "two plain")}
        two = Images(dataclasses.replace(data, workers=2), 0, opened["files"].listing, opened["files"].scan, ())
        pair = DataLoader(Plain(paths), BATCH, shuffle=True, num_workers=2, persistent_workers=True)
        list(pair)
        for turn in range(ROUNDS):
            for kind, images in opened.items():
                found[kind].append(timed(ours, images, turn)[1])
            found["plain"].append(timed(list, plain)[1])
            found["decoder"].append(timed(decoder_alone, paths)[1])
            found["two"].append(timed(ours, two, turn)[0])
            found["two plain"].append(timed(list, pair)[0])
        for kind in kinds:
            told(f"{kind}, one core, beside a plain DataLoader", len(paths), found[kind], found["plain"])
        shares = [alone / whole for alone, whole in zip(found["decoder"], found["files"], strict=True)]
        each = statistics.median(found["decoder"]) / len(paths) * 1e3
        print(f"the decoder alone: {each:.2f} ms an image, {statistics.median(shares):.0%} of ours from files")
        told("files, two threads, beside two worker processes", len(paths), found["two"], found["two plain"])

        (Path(name) / "mount").mkdir()
        mount = slow_mount(folder, Path(name) / "mount", two, rate)
        staged = stage(Order(folder, Path(name) / "local"), silent)
        local = Images(two.data, 0, dataclasses.replace(two.listing, folder=Path(name) / "local"), two.scan, ())
        slow, fast = [], []
        for turn in range(3):
            slow.append(timed(ours, mount, turn)[0])
            fast.append(timed(ours, local, turn)[0])
        told(f"staged, beside a stand-in mount of {rate / 1e6:g} MB/s", len(paths), fast, slow)
        print(f"staging {staged.files} files took {staged.seconds:.2f} s")


if __name__ == "__main__":
    main()
