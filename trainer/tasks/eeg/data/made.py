"""Recordings with a known signal, as BDF files in BIDS folders: for tests, and for a first try without data.

Noise as heads make it (its power falls with frequency, neighbours share it, and every subject has a gain of its own);
after each event a wave whose delay and height tell the response time.
"""

import hashlib
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.records import held
from trainer.data.room import patiently
from trainer.order import derived
from trainer.record import atomic
from trainer.tasks import Report
from trainer.tasks.eeg.settings import Made

VERSION = 1  # grows when the same settings would give other bytes
TASK = "respond"
_PHYSICAL = 5000.0  # µV
_DIGITAL = 2**23
_BETWEEN = 3.5  # seconds from one event to the next


def make(made: Made, seed: int, root: Path, report: Report) -> Path:
    """The folder of these recordings, made or completed where needed; the same bytes from the same seed."""
    name = hashlib.blake2b(repr((VERSION, seed, asdict(made))).encode(), digest_size=6).hexdigest()
    folder = root / f"made-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, report):
        for number in range(made.subjects):
            report("making recordings", number, made.subjects)
            base = folder / f"sub-{number + 1:03d}" / "eeg"
            stem = f"sub-{number + 1:03d}_task-{TASK}"
            if not (base / f"{stem}_eeg.bdf").is_file():  # it comes last
                base.mkdir(parents=True, exist_ok=True)
                signals, events = subject(made, seed, number)
                for kind, data in (("events.tsv", events.encode()), ("eeg.bdf", bdf(signals, made.rate))):
                    write = partial(atomic.replace, base / f"{stem}_{kind}", data, durable=True)
                    patiently(write, folder, report, number, made.subjects)
        report("making recordings", made.subjects, made.subjects)
    return folder


def subject(made: Made, seed: int, number: int) -> tuple[NDArray[np.float64], str]:
    """One recording in µV, and its table of events."""
    random = np.random.Generator(np.random.PCG64(derived(seed, "eeg", number)))
    seconds = int(_BETWEEN * (made.trials + 1)) + 1
    signals = _noise(random, made.channels, seconds * made.rate) * random.uniform(8.0, 14.0)
    pattern = np.exp(-(((np.arange(made.channels) - made.channels * 0.6) / (made.channels * 0.2)) ** 2))
    pattern *= made.signal * random.uniform(10.0, 14.0)
    lines = ["onset\tduration\ttrial_type\tresponse_time\tcorrect"]
    for trial in range(made.trials):
        onset = round((trial + 0.5) * _BETWEEN + random.uniform(0.0, 0.5), 3)
        response = round(float(np.clip(random.lognormal(0.3, 0.35), 0.6, 2.4)), 4)
        first = round(onset * made.rate)
        time = np.arange(int(2.6 * made.rate)) / made.rate
        wave = np.exp(-(((time - 0.5 - 0.6 * response) / 0.18) ** 2)) / response
        signals[:, first : first + len(time)] += pattern[:, None] * wave
        word = "slow" if response > np.exp(0.3) else "fast"
        lines.append(f"{onset}\t0.1\tstimulus\t{response}\t{word}")
    return signals, "\n".join(lines) + "\n"


def bdf(signals: NDArray[np.float64], rate: int) -> bytes:
    """[channels, samples] in µV as a BDF file with records of a second."""
    channels, samples = signals.shape
    records = samples // rate
    steps = np.clip(np.rint(signals * (_DIGITAL / _PHYSICAL)), -_DIGITAL, _DIGITAL - 1).astype("<i4")
    cut = steps[:, : records * rate].reshape(channels, records, rate).transpose(1, 0, 2)
    data = np.ascontiguousarray(cut)[..., None].view(np.uint8)[..., :3].tobytes()
    head = b"\xffBIOSEMI" + b"".join(
        _text(value, size)
        for value, size in (
            ("X X X X", 80),
            ("Startdate X X X X", 80),
            ("01.01.26", 8),
            ("00.00.00", 8),
            (256 * (1 + channels), 8),
            ("24BIT", 44),
            (records, 8),
            (1, 8),
            (channels, 4),
        )
    )
    for size, values in (
        (16, [f"E{number + 1}" for number in range(channels)]),
        (80, ["made"] * channels),
        (8, ["uV"] * channels),
        (8, [f"{-_PHYSICAL:g}"] * channels),
        (8, [f"{_PHYSICAL * (1 - 1 / _DIGITAL):.2f}"] * channels),
        (8, [-_DIGITAL] * channels),
        (8, [_DIGITAL - 1] * channels),
        (80, [""] * channels),
        (8, [rate] * channels),
        (32, [""] * channels),
    ):
        head += b"".join(_text(value, size) for value in values)
    return head + data


def _text(value: object, size: int) -> bytes:
    text = str(value).encode("ascii")
    assert len(text) <= size
    return text.ljust(size)


def _noise(random: np.random.Generator, channels: int, samples: int) -> NDArray[np.float64]:
    """Power falls with frequency; a few sources are heard by all channels, each a little of its own."""
    sources = max(2, channels // 4)
    white = np.fft.rfft(random.standard_normal((sources + channels, samples)))
    frequency = np.maximum(np.arange(white.shape[1]) / samples, 2e-4)
    coloured = np.fft.irfft(white * frequency**-0.5, samples)
    coloured /= coloured.std(1, keepdims=True)
    mixed: NDArray[np.float64] = random.standard_normal((channels, sources)) @ coloured[:sources] / sources**0.5
    return mixed + 0.5 * coloured[sources:]
