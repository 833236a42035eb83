"""Samples in files: shards of records with pixels, label, target and positions.

Where one ball is all there is to see, a picture is kept as the window that is not black (46 KiB a sample); with noise
or other balls, or with `plain = true`, whole (512 KiB a sample).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data import records
from trainer.tasks import Report
from trainer.tasks.trajectories.data import patches
from trainer.tasks.trajectories.data.cameras import Cameras
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.parameters import Parameters
from trainer.tasks.trajectories.data.render import PICTURES, SHAPE, Buffers, Renderer, windows
from trainer.tasks.trajectories.data.scene import scenes
from trainer.tasks.trajectories.data.settings import Data

_FACTS = [("label", "u1"), ("target", "<f4", 3), ("positions", "<f4", (FRAMES, 3))]
WHOLE = np.dtype([("pixels", "u1", SHAPE), *_FACTS])
PACKED = np.dtype([("light", "u1", (PICTURES, 8 * len(patches.offsets()))), ("begin", "<u2", PICTURES), *_FACTS])
PER_SHARD = {WHOLE: 64, PACKED: 512}
_STEP = 64  # samples drawn at once


def export(
    folder: Path, whole: Parameters, data: Data, report: Report, *, seed: int, cameras: Cameras, identity: str
) -> records.Records:
    """Every sample into shards in `folder`; resumable, see `records`."""
    dtype = PACKED if data.packed else WHOLE
    renderer = None if data.packed else Renderer(_STEP, data.difficulty, ring=1)
    what = f"shards of {data.samples:,} samples"

    def fill(first: int, end: int, out: NDArray[Any]) -> None:
        part = whole[slice(first, end)]
        out["label"], out["positions"] = part.motions["label"], part.positions[:, :FRAMES]
        out["target"] = part.positions[:, FRAMES]
        for at in range(0, end - first, _STEP):
            some, rows = part[slice(at, at + _STEP)], slice(at, min(at + _STEP, end - first))
            index = np.arange(first + at, first + at + len(some))
            seen = scenes(seed, index, some.positions, cameras, data.difficulty)
            if renderer is None:
                out["begin"][rows], out["light"][rows] = windows(seen, data.difficulty)
            else:
                out["pixels"][rows] = renderer.draw(seen)
            report(what, first + at, data.samples)

    return records.make(records.Plan(folder, dtype, data.samples, identity, what, PER_SHARD[dtype]), fill, report)


class Reader:
    """Rows of shards to pixels, in buffers that are used again."""

    def __init__(self, shards: records.Records, *, packed: bool) -> None:
        self.shards, self._packed = shards, packed
        self._buffers = Buffers(0)
        self._light = np.empty((0, *(PACKED["light"].shape)), dtype=np.uint8)

    def draw(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pixels [rows, cameras, frames, 64, 64], valid for two more calls."""
        count = len(rows)
        if self._buffers.most < count:
            self._buffers = Buffers(count)
            self._light = np.empty((count, *PACKED["light"].shape), dtype=np.uint8)
        if self._packed:
            light = self.shards.take("light", rows, self._light[:count])
            return self._buffers.unpack(self.shards.take("begin", rows), light)
        self._buffers.next()
        return self.shards.take("pixels", rows, self._buffers.pixels(count))
