"""Answers of an exported EEG model. Needs torch, numpy and safetensors, and the files that lie beside this one.

    python infer.py windows.npy --out answers.npy         windows [n, channels, samples] in µV
    python infer.py recording.bdf --at 12.5 16.0          windows after events at these seconds

Channels are those of model.json, in its order. Of classes the answers are logits; model.json names the classes.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from trainer.tasks.eeg.data import bdf
from trainer.tasks.eeg.data.resample import resample
from trainer.tasks.eeg.models.eegnex import Shape
from trainer.tasks.eeg.models.regressor import Scaled

HERE = Path(__file__).parent
_EACH = 64  # windows at a time


class Answerer:
    """The model of this folder."""

    def __init__(self, folder: Path = HERE) -> None:
        self.facts: dict[str, Any] = json.loads((folder / "model.json").read_bytes())
        self.model = Scaled(Shape(**self.facts["shape"])).folded()
        self.model.load_state_dict(load_file(folder / "model.safetensors"))

    @torch.no_grad()
    def answers(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n, outputs] from windows [n, channels, samples] in µV, the mean of each channel taken away here."""
        shape = self.facts["shape"]
        if windows.ndim != 3 or windows.shape[1:] != (shape["channels"], shape["samples"]):
            wanted = f"[n, {shape['channels']}, {shape['samples']}]"
            raise ValueError(f"windows are {list(windows.shape)}, the model takes {wanted}")
        found = [np.zeros((0, shape["outputs"]), np.float32)]
        for start in range(0, len(windows), _EACH):
            some = torch.from_numpy(np.array(windows[start : start + _EACH], np.float32))
            found.append(self.model(some - some.mean(2, keepdim=True)).numpy())
        return np.concatenate(found)

    def windows(self, path: Path, at: Sequence[float]) -> NDArray[np.float32]:
        """Windows of a BDF or EDF file, after events at these seconds."""
        facts, header = self.facts, bdf.read_header(path)
        there = {signal.label: signal for signal in header.voltages}
        missing = [name for name in facts["channels"] if name not in there]
        if missing:
            raise ValueError(f"{path}: has no channel {missing[0]!r}; it has {', '.join(there)}")
        signals = [there[name] for name in facts["channels"]]
        whole = resample(bdf.read(path, header, signals), header.rate(signals[0]), facts["rate"])
        size = facts["shape"]["samples"]
        starts = [round((second + facts["offset"]) * facts["rate"]) for second in at]
        beyond = [second for second, start in zip(at, starts, strict=True) if not 0 <= start <= whole.shape[1] - size]
        if beyond:
            raise ValueError(f"{path}: the window after {beyond[0]:g} s reaches beyond the recording")
        return np.stack([whole[:, start : start + size] for start in starts])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, metavar="WINDOWS.npy|FILE.bdf|FILE.edf")
    parser.add_argument("--at", type=float, nargs="+", metavar="SECONDS", help="events in the recording")
    parser.add_argument("--out", type=Path, metavar="FILE.npy", help="else the answers are printed, one a line")
    arguments = parser.parse_args()
    recording = arguments.input.suffix.lower() in (".bdf", ".edf")
    if recording and not arguments.at:
        parser.error("a recording needs --at: the seconds of its events")
    try:
        answerer = Answerer()
        if recording:
            windows = answerer.windows(arguments.input, arguments.at)
        else:
            windows = np.load(arguments.input, mmap_mode="r")
        answers = answerer.answers(windows)
    except (OSError, ValueError) as error:
        print(f"infer: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if arguments.out:
        np.save(arguments.out, answers)
    else:
        print("\n".join("\t".join(f"{value:.6g}" for value in row) for row in answers))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
