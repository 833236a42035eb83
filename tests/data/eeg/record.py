"""Write the fixtures of this folder: files by pyedflib, and what pyedflib and mne read from them.

Both are needed for this script alone: `pip install pyedflib mne`. Values are in µV, [channels, samples].
"""

import sys
import warnings
from pathlib import Path

import mne
import numpy as np
import pyedflib

HERE = Path(__file__).parent
RATE, SECONDS = 50, 4


def write(path: Path, kind: int, digital: int, unit: str, physical: float) -> None:
    time = np.arange(RATE * SECONDS) / RATE
    signals = [physical * 0.8 * np.sin(2 * np.pi * (number + 1.3) * time + number) for number in range(3)]
    with pyedflib.EdfWriter(str(path), 3, file_type=kind) as writer:
        for number in range(3):
            writer.setSignalHeader(
                number,
                {
                    "label": ["Fp1", "Cz", "O2"][number],
                    "dimension": unit,
                    "sample_frequency": RATE,
                    "physical_max": physical,
                    "physical_min": -physical * (1 + 0.1 * number),  # digital zero is not physical zero
                    "digital_max": digital - 1,
                    "digital_min": -digital,
                    "transducer": "",
                    "prefilter": "",
                },
            )
        writer.writeSamples(signals)
        writer.writeAnnotation(1.0, -1, "stimulus")


def main() -> None:
    found = {}
    for name, kind, digital, unit, physical in (
        ("pyedflib.bdf", pyedflib.FILETYPE_BDFPLUS, 2**23, "uV", 3000.0),
        ("pyedflib.edf", pyedflib.FILETYPE_EDFPLUS, 2**15, "mV", 4.0),
    ):
        path = HERE / name
        write(path, kind, digital, unit, physical)
        with pyedflib.EdfReader(str(path)) as reader:
            micro = {"uV": 1.0, "mV": 1e3}[unit]
            read = np.array([reader.readSignal(number) for number in range(3)]) * micro
        raw = (mne.io.read_raw_bdf if name.endswith("bdf") else mne.io.read_raw_edf)(path, verbose="error")
        found |= {f"{name} pyedflib": read, f"{name} mne": raw.get_data() * 1e6}
    np.savez_compressed(HERE / "expected.npz", **found)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
