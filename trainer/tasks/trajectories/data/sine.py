"""Sine and cosine from additions and multiplications alone: the same bits on every machine.

The mathematics library of a machine rounds its own way, and numpy's depends on the processor.
"""

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_TERMS = 10


def cos_sin(turns: F64) -> tuple[F64, F64]:
    """Cosine and sine of an angle in turns, good to about 1e-14."""
    quarters = (turns - np.floor(turns)) * 4.0
    whole = np.floor(quarters)
    angle = (quarters - whole) * (math.pi / 2)
    cosine, sine = _series(angle, 0), _series(angle, 1)
    quadrant = whole.astype(np.int64) % 4
    swap, minus_cos, minus_sin = quadrant % 2 == 1, (quadrant == 1) | (quadrant == 2), quadrant >= 2
    first, second = np.where(swap, sine, cosine), np.where(swap, cosine, sine)
    return np.where(minus_cos, -first, first), np.where(minus_sin, -second, second)


def _series(angle: F64, odd: int) -> F64:
    """Taylor's series by Horner's rule: cosine for `odd` 0, sine for 1."""
    square = angle * angle
    total = np.zeros_like(angle)
    for term in range(_TERMS, -1, -1):
        total = total * square + (-1.0) ** term / math.factorial(2 * term + odd)
    return np.asarray(total * angle if odd else total)
