"""Reading BDF beside mne and pyedflib, and EEGNeX folded for inference beside the plain network.

Seconds are of the processor (other work on the machine counts little), rounds in turn, the middle one of each; the
spread is least to most. The file: 129 channels, 500 samples a second, 300 s, as the field's are. What is not installed
is said and left out: `pip install mne pyedflib` (neither is needed for anything else).

python bench/eeg.py
"""

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from trainer.tasks.eeg.data import bdf
from trainer.tasks.eeg.data.made import bdf as written
from trainer.tasks.eeg.models.eegnex import EEGNeX, Folded, Shape

ROUNDS = 9
CHANNELS, RATE, SECONDS = 129, 500, 300


def in_turn(works: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Processor seconds of each, one after the other, round by round; a first round is not counted."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(ROUNDS + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            if number:
                times[name].append(time.process_time() - began)
    return times


def show(times: Mapping[str, list[float]]) -> None:
    """A line each; the first is ours, and the others are told as multiples of it, round by round."""
    ours = next(iter(times.values()))
    for name, seconds in times.items():
        ratios = [theirs / mine for theirs, mine in zip(seconds, ours, strict=True)]
        beside = (
            "" if seconds is ours else f"{statistics.median(ratios):6.1f} × ({min(ratios):.1f} to {max(ratios):.1f})"
        )
        milliseconds = [1e3 * value for value in seconds]
        spread = f"({min(milliseconds):.1f} to {max(milliseconds):.1f})"
        print(f"{name:34} {statistics.median(milliseconds):8.1f} ms  {spread:20} {beside}")


def ours(path: Path) -> np.ndarray:
    header = bdf.read_header(path)
    return bdf.read(path, header, header.voltages)


def readers(path: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Everything that reads all channels of the file into memory here."""
    found: dict[str, Callable[[], np.ndarray]] = {"read a BDF: ours": lambda: ours(path)}
    try:
        import mne
    except ImportError:
        print("mne is not installed: left out")
    else:
        found["mne"] = lambda: mne.io.read_raw_bdf(path, preload=True, verbose="error")[:][0]
    try:
        import pyedflib
    except ImportError:
        print("pyedflib is not installed: left out")
    else:

        def read() -> np.ndarray:
            with pyedflib.EdfReader(str(path)) as reader:
                return np.stack([reader.readSignal(number) for number in range(reader.signals_in_file)])

        found["pyedflib"] = read
    return found


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.bdf"
        signals = np.random.default_rng(0).normal(0, 30, (CHANNELS, RATE * SECONDS))
        path.write_bytes(written(signals, RATE))
        del signals
        works = readers(path)
        values = {name: work() for name, work in works.items()}
        mine = values.pop("read a BDF: ours")
        for name, theirs in values.items():
            micro = 1e6 if name == "mne" else 1.0
            print(f"largest difference from {name}: {np.abs(mine - theirs * micro).max():.1e} µV")
        del mine, values
        show(in_turn(works))
    for batch in (1, 32):
        model = EEGNeX(Shape(129, 200)).eval()
        folded, windows = Folded(model), torch.randn(batch, 129, 200)
        with torch.no_grad():
            gap = (folded(windows) - model(windows)).abs().max() / model(windows).abs().max()
            print(f"batch of {batch}: relative difference {gap:.0e}")
            show(
                in_turn({"EEGNeX: folded": lambda f=folded, w=windows: f(w), "plain": lambda m=model, w=windows: m(w)})
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
