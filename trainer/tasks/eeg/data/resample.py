"""Another sampling rate, without what the new one cannot hold: a windowed sinc, one phase of it for each output."""

import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

_LOBES = 12  # zero crossings of the sinc on each side: the width of its slope against its attenuation
_BETA = 8.0  # of the Kaiser window: about 80 dB
_AT_ONCE = 32  # outputs in one row of the product: more would be mostly zeros
_PHASES = 10_000  # more would be a rate with many digits
_PASS = 0.9  # of the new Nyquist frequency


def resample(signals: NDArray[np.float32], rate: float, wanted: float) -> NDArray[np.float32]:
    """[signals, samples] at another rate. Sample 0 stays where it is; outside of the recording is silence."""
    if not 1 <= rate <= 1e6:
        raise ValueError(f"a recording of {rate:g} samples a second cannot be resampled")
    ratio = Fraction(wanted).limit_denominator(1000) / Fraction(rate).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        return signals
    if up > _PHASES:
        raise ValueError(f"{rate:g} to {wanted:g} samples a second has no simple ratio; another data.rate may have one")
    taps = _filter(up, down)
    half = len(taps) // 2
    lead = half // up + 1
    padded = F.pad(torch.from_numpy(signals), (lead, 2 * lead + (_AT_ONCE + 1) * down))
    count = -(-signals.shape[1] * up // down)
    out = np.empty((len(signals), count), np.float32)
    for first in range(min(up, count)):
        # Output first, first + up, … lie at the same phase: they see every down-th sample through one set of taps.
        begin, phase = divmod(first * down, up)
        part = torch.from_numpy(np.ascontiguousarray(taps[(phase + half) % up :: up][::-1], np.float32))
        start = lead + begin - (half - phase) // up
        some = out[:, first::up]
        for row, signal in enumerate(padded[:, start:]):
            some[row] = _filtered(signal, part, down, some.shape[1]).numpy()
    return out


def _filtered(signal: Tensor, taps: Tensor, down: int, count: int) -> Tensor:
    """Every down-th value of the signal seen through the taps: several at a time, as a product of matrices."""
    at_once = max(1, min(_AT_ONCE, 2 * len(taps) // down, count))
    reach = (at_once - 1) * down + len(taps)
    shifted = torch.zeros(reach, at_once)
    for number in range(at_once):
        shifted[number * down : number * down + len(taps), number] = taps
    blocks = -(-count // at_once)
    return (signal.as_strided((blocks, reach), (at_once * down, 1)) @ shifted).flatten()[:count]


def _filter(up: int, down: int) -> NDArray[np.float64]:
    """A low pass at `up` times the old rate, with a gain of `up` for the zeros in between."""
    slowest = max(up, down)
    half = _LOBES * slowest
    place = np.arange(-half, half + 1)
    cut = _PASS / slowest
    taps = np.sinc(place * cut) * cut * np.kaiser(2 * half + 1, _BETA)
    return np.asarray(taps / taps.sum() * up)


def length(samples: int, rate: float, wanted: float) -> int:
    """How many samples `resample` gives."""
    return math.ceil(samples * wanted / rate)
