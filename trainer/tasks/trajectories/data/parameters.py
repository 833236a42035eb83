"""The parameters of a whole data set: what everything else follows from, kept with a manifest beside the data.

parameters.npy holds one record a sample: its motion and its 33 positions, about 5 MB for 10,000. The manifest names
their checksum and what they were made from; whatever does not fit is made again, which takes a second.
"""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.records import held
from trainer.record import atomic
from trainer.tasks import Report
from trainer.tasks.trajectories.data.motion import FRAMES, MOTION, motions, positions
from trainer.tasks.trajectories.data.scene import VERSION
from trainer.tasks.trajectories.data.settings import Data, Difficulty

NAME, MANIFEST = "parameters.npy", "manifest.json"
_RECORD = np.dtype([("motion", MOTION), ("positions", "<f4", (FRAMES + 1, 3))])
_STEP = 2_000


@dataclass(frozen=True)
class Parameters:
    """Many samples, one row each."""

    motions: NDArray[np.void]  # records of MOTION
    positions: NDArray[np.float32]  # [n, 33, 3]: those that are seen, then the target

    @classmethod
    def of(cls, seed: int, index: NDArray[np.int64], difficulty: Difficulty) -> "Parameters":
        """Those of these indices, of each as if it were the only one."""
        found = motions(seed, index, difficulty)
        return cls(found, positions(found))

    def __len__(self) -> int:
        return len(self.motions)

    def __getitem__(self, rows: slice) -> "Parameters":
        return Parameters(self.motions[rows], self.positions[rows])


def load(folder: Path, data: Data, seed: int, identity: str, report: Report) -> Parameters:
    """From the folder, made and stored there when they are not. No two samples are the same, else ValueError."""
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, report):
        whole = _read(folder, identity)
        if whole is None:
            for leftover in folder.glob(".*.part"):
                leftover.unlink()
            whole = _make(data, seed, report)
            _store(folder, whole, _head(data, seed, identity))
    twins = duplicates(whole)
    if twins:
        raise ValueError(f"data.seed: {twins} samples of {identity} have the parameters of another: take another seed")
    return whole


def duplicates(whole: Parameters) -> int:
    """Samples that have the same parameters as another: they could be in two splits at once."""
    rows = np.ascontiguousarray(whole.motions).view(f"V{MOTION.itemsize}")
    return len(rows) - len(np.unique(rows))


def _make(data: Data, seed: int, report: Report) -> Parameters:
    what = f"parameters of {data.samples:,} samples"
    parts: list[Parameters] = []
    for first in range(0, data.samples, _STEP):
        report(what, first, data.samples)
        index = np.arange(first, min(first + _STEP, data.samples))
        parts.append(Parameters.of(seed, index, data.difficulty))
    report(what, data.samples, data.samples)
    return Parameters(
        *(np.concatenate(array) for array in zip(*((p.motions, p.positions) for p in parts), strict=True))
    )


def _head(data: Data, seed: int, identity: str) -> dict[str, Any]:
    made = {"seed": seed, "samples": data.samples, "rules": VERSION, "difficulty": asdict(data.difficulty)}
    return {"version": 1, "identity": identity, **made, "file": NAME}


def _store(folder: Path, whole: Parameters, head: dict[str, Any]) -> None:
    records = np.empty(len(whole), dtype=_RECORD)
    records["motion"], records["positions"] = whole.motions, whole.positions
    out = io.BytesIO()
    np.save(out, records)
    content = out.getvalue()
    atomic.replace(folder / NAME, content, durable=True)
    manifest = {**head, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    atomic.replace(folder / MANIFEST, f"{json.dumps(manifest, indent=1)}\n".encode(), durable=True)


def _read(folder: Path, identity: str) -> Parameters | None:
    """Stored parameters; None when they are not there, or not as they were written."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        content = (folder / NAME).read_bytes()
    except (OSError, ValueError):
        return None
    named = isinstance(manifest, dict) and manifest.get("identity") == identity
    if not named or manifest.get("sha256") != hashlib.sha256(content).hexdigest():
        return None
    records = np.load(io.BytesIO(content))
    return Parameters(records["motion"], records["positions"])
