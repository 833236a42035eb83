"""Another rate: waves below the new Nyquist frequency stay what they are, those above are gone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.eeg.data.resample import length, resample


def wave(frequency: float, rate: float, seconds: float = 8.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate + 0.4).astype(np.float32)[None]


def inner(signals: np.ndarray) -> np.ndarray:
    """Without the ends, where the silence outside is heard."""
    return signals[:, signals.shape[1] // 8 : -signals.shape[1] // 8]


@pytest.mark.parametrize("rate", [500, 512, 250, 2048, 128])
@pytest.mark.parametrize("frequency", [1.0, 10.0, 20.0])
def test_waves_below_stay(rate: int, frequency: float) -> None:
    found = resample(wave(frequency, rate), rate, 100)
    assert found.shape[1] == length(8 * rate, rate, 100) == 800
    assert np.abs(inner(found) - inner(wave(frequency, 100))).max() < 1e-4


@pytest.mark.parametrize("frequency", [51.0, 60.0, 90.0, 130.0, 210.0])
def test_waves_above_are_gone(frequency: float) -> None:
    naive = wave(frequency, 500)[:, ::5]
    assert np.abs(naive).max() > 0.9  # what leaving samples out would have made of it
    assert np.abs(inner(resample(wave(frequency, 500), 500, 100))).max() < (0.1 if frequency < 55 else 2e-4)


@given(st.integers(1, 300), st.sampled_from([100, 128, 250, 256, 500, 512, 1000]), st.integers(50, 256))
def test_any_length(samples: int, rate: int, wanted: int) -> None:
    found = resample(np.ones((2, samples), np.float32), rate, wanted)
    assert found.shape == (2, length(samples, rate, wanted)) and np.isfinite(found).all()


def test_the_same_rate_is_the_same_signal() -> None:
    signals = wave(3, 100)
    assert resample(signals, 100, 100) is signals


@pytest.mark.parametrize("rate", [0.2, 1e9])
def test_rates_that_cannot_be(rate: float) -> None:
    with pytest.raises(ValueError, match="cannot be resampled"):
        resample(wave(1, 100), rate, 100)


def test_a_rate_with_many_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="no simple ratio"):
        resample(wave(1, 100), 499.937, 100)
