"""The reader of BDF and EDF files: beside pyedflib and mne, and against damage at every byte."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.eeg.data.bdf import Damaged, read, read_header
from trainer.tasks.eeg.data.made import bdf

FIXTURES = Path(__file__).parents[2] / "data" / "eeg"
STEP = 10000 / (2**24 - 1)  # µV of one step of generated files
WHOLE = bdf(np.arange(24.0).reshape(2, 12), 4)


@pytest.mark.parametrize("name", ["pyedflib.bdf", "pyedflib.edf"])
@pytest.mark.parametrize("opponent", ["pyedflib", "mne"])
def test_values_are_those_that_others_read(name: str, opponent: str) -> None:
    header = read_header(FIXTURES / name)
    assert [signal.label for signal in header.voltages] == ["Fp1", "Cz", "O2"]
    assert {header.rate(signal) for signal in header.voltages} == {50.0}
    expected = np.load(FIXTURES / "expected.npz")[f"{name} {opponent}"]
    found = read(FIXTURES / name, header, header.voltages)
    assert found.shape == expected.shape and np.abs(found).max() > 1000
    assert np.abs(found - expected).max() < 5e-4  # µV: single precision at 3,000
    one = read(FIXTURES / name, header, header.voltages[1:2])
    assert np.array_equal(one, found[1:2])
    others = (header.voltages[2], header.voltages[0])  # in another order than in the file
    assert np.array_equal(read(FIXTURES / name, header, others), found[[2, 0]])


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 40), st.integers(0, 2**32))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, channels: int, records: int, rate: int, seed: int
) -> None:
    signals = np.random.default_rng(seed).uniform(-4999, 4999, (channels, records * rate))
    path = tmp_path_factory.getbasetemp() / "written.bdf"
    path.write_bytes(bdf(signals, rate))
    header = read_header(path)
    assert (header.records, header.seconds, len(header.signals)) == (records, 1.0, channels)
    assert np.abs(read(path, header, header.voltages) - signals).max() < 2 * STEP + 5e-4


def test_extreme_steps_keep_their_sign(tmp_path: Path) -> None:
    path = tmp_path / "extreme.bdf"
    path.write_bytes(bdf(np.array([[-5000.0, -STEP, 0.0, 4999.999]]), 4))
    header = read_header(path)
    assert read(path, header, header.signals)[0] == pytest.approx([-5000, -STEP, 0, 5000], abs=2 * STEP)


def test_a_file_cut_anywhere_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "cut.bdf"
    for size in range(len(WHOLE)):
        path.write_bytes(WHOLE[:size])
        with pytest.raises(Damaged, match=rf"cut\.bdf: ends at byte {size}, in"):
            read_header(path)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12))
def test_bytes_changed_anywhere_are_damage_or_numbers(
    tmp_path_factory: pytest.TempPathFactory, at: int, others: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.bdf"
    path.write_bytes((WHOLE[:at] + others + WHOLE[at + len(others) :])[: len(WHOLE)])
    try:
        header = read_header(path)
        found = [read(path, header, [signal]) for signal in header.signals]
    except Damaged as damaged:
        assert re.search(r"changed\.bdf: (ends at )?byte \d+", str(damaged))
    else:
        assert all(np.isfinite(values).all() for values in found)


@given(st.binary(max_size=2000))
def test_any_bytes_are_damage(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bdf"
    path.write_bytes(data)
    with pytest.raises(Damaged, match=r"byte \d+"):
        read_header(path)


def with_field(at: int, text: str, size: int = 8) -> bytes:
    return WHOLE[:at] + text.encode().ljust(size) + WHOLE[at + size :]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (with_field(252, "0", 4), "byte 252: 0 signals"),
        (with_field(252, "many", 4), "byte 252: number of signals is 'many'"),
        (with_field(244, "nan"), "byte 244: seconds of a record is 'nan"),
        (with_field(244, "0"), "byte 244: records of 0.0 s"),
        (with_field(236, "7"), r"ends at byte \d+, in record 4 of 7"),
        (with_field(192, "BDF+D", 5), r"byte 192: BDF\+D, a recording with gaps"),
        (with_field(256 + 2 * 120 + 8, "99999999"), f"byte {256 + 2 * 120 + 8}: 'E2' has the digital range"),
        (with_field(256 + 2 * 104, "1e300"), f"byte {256 + 2 * 104}: 'E1' has the physical range"),
        (with_field(256 + 2 * 216, "1.5"), f"byte {256 + 2 * 216}: samples in a record is 1.5"),
        (b"x" + WHOLE[1:], "byte 0: this is neither BDF nor EDF"),
    ],
)
def test_headers_that_cannot_be(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "odd.bdf").write_bytes(data)
    with pytest.raises(Damaged, match=what):
        read_header(tmp_path / "odd.bdf")


def test_a_number_of_records_that_was_never_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "open.bdf"
    path.write_bytes(with_field(236, "-1"))
    assert read_header(path).records == 3
    path.write_bytes(with_field(236, "-1")[:-1])
    with pytest.raises(Damaged, match="in record 3 of 3"):
        read_header(path)


def test_units_are_brought_to_microvolts(tmp_path: Path) -> None:
    path = tmp_path / "volts.bdf"
    found = {}
    for unit in ("uV", "mV", "V"):
        path.write_bytes(with_field(256 + 2 * 96, unit))
        header = read_header(path)
        found[unit] = read(path, header, header.signals[:1])[0, 5]
    assert found["uV"] == pytest.approx(5, abs=2 * STEP)
    assert (found["mV"], found["V"]) == pytest.approx((found["uV"] * 1e3, found["uV"] * 1e6))


def test_channels_of_several_rates_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rates.bdf"
    path.write_bytes(with_field(256 + 2 * 216, "2") + bytes(100))
    header = read_header(path)
    with pytest.raises(ValueError, match="several rates"):
        read(path, header, header.signals)
