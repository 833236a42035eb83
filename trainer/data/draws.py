"""Random numbers that depend on nothing but (seed, index, stream): the same on any machine, in any order.

Integer arithmetic only (the mixing steps of splitmix64), so that neither a library's version nor a processor's floating
point can change a data set.
"""

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def words(seed: int, index: NDArray[np.int64], stream: int, count: int) -> U64:
    """`count` words of 64 bits for each index; another stream gives unrelated ones."""
    start = _mix(_mix(_array(seed)) ^ index.astype(np.uint64))
    start = _mix(start ^ _mix(_array(stream)))
    steps = np.arange(1, count + 1, dtype=np.uint64) * _STEP
    return _mix(start[:, None] + steps)


def below(word: U64, bound: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers from 0 up to but not including `bound`, from the upper halves of words."""
    top = np.asarray(bound, dtype=np.uint64)
    return np.asarray(((word >> np.uint64(32)) * top) >> np.uint64(32)).astype(np.int64)


def _array(value: int) -> U64:
    return np.array([value & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)


def _mix(word: U64) -> U64:
    word = word + _STEP
    word = (word ^ (word >> np.uint64(30))) * _MIX1
    word = (word ^ (word >> np.uint64(27))) * _MIX2
    return np.asarray(word ^ (word >> np.uint64(31)))
