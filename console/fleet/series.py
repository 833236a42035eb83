"""Append-only sequences that many snapshots share without copying.

A snapshot is (buffer, length). Appending to the newest snapshot extends the shared buffer in place, which older
snapshots cannot see; appending to an older one copies. So a fold stays a pure function, and a million rows cost a
million cells.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Shared(Sequence[T], Generic[T]):
    """An immutable sequence with a cheap `extended`."""

    __slots__ = ("_buffer", "_length")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._buffer: list[T] = list(items)
        self._length = len(self._buffer)

    def extended(self, items: Iterable[T]) -> "Shared[T]":
        """This sequence and then `items`; self is unchanged."""
        buffer = self._buffer if len(self._buffer) == self._length else self._buffer[: self._length]
        buffer.extend(items)
        new: Shared[T] = Shared.__new__(Shared)
        new._buffer, new._length = buffer, len(buffer)
        return new

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._buffer[n] for n in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._buffer[index % self._length]

    def __iter__(self) -> Iterator[T]:
        return (self._buffer[n] for n in range(self._length))

    def __repr__(self) -> str:
        return f"Shared({self[:]!r})"
