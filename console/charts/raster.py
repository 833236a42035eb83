"""Strokes → dots → braille characters; every cell is 2×4 dots. Pure.

A column of dots is one whole number, a bit for each dot, the lowest bit at the bottom: lines are drawn by shifting.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.charts.scale import Scale
from console.charts.strokes import Strokes

# Which columns of dots a curve leaves out, by (period, columns drawn): what tells curves apart without colour.
SOLID, DASHED, DOTTED, DASH_DOT = (1, 0b1), (6, 0b001111), (3, 0b001), (8, 0b00101111)
PATTERNS = (SOLID, DASHED, DOTTED, DASH_DOT)
SAMPLES = ("━━", "╍╍", "┈┈", "━┈")  # the same in a legend

_LEFT = [sum(dot for bit, dot in enumerate((0x40, 0x04, 0x02, 0x01)) if value >> bit & 1) for value in range(16)]
_RIGHT = [sum(dot for bit, dot in enumerate((0x80, 0x20, 0x10, 0x08)) if value >> bit & 1) for value in range(16)]
_BLANK = 0x2800


@dataclass(slots=True)
class Raster:
    """A drawing of `width` × `height` cells."""

    width: int
    height: int
    columns: list[int]

    @classmethod
    def empty(cls, width: int, height: int) -> "Raster":
        return cls(width, height, [0] * (2 * width))

    def draw(self, what: Strokes, scale: Scale, pattern: tuple[int, int] = SOLID) -> None:
        """A curve, on top of what is there."""
        rows, columns = self.height * 4, self.columns
        place = _placing(scale, rows)
        period, drawn = pattern
        at, end = -1, 0  # column and row where the line ended
        for column, first, low, high, last, joined in what.columns:
            bottom, top = place(low), place(high)
            if top < 0:  # all of it at or below 0 on a log axis
                at = -1
                continue
            bottom = max(0, bottom)
            if joined and at >= 0:
                begin = max(0, place(first))
                if column - at > 1:
                    self._join(at, end, column, begin, pattern)
                else:
                    bottom, top = min(bottom, end), max(top, end)
            if drawn >> column % period & 1:
                columns[column] |= ((1 << (top - bottom + 1)) - 1) << bottom
            at, end = column, max(0, place(last))

    def cells(self, row: int) -> list[int]:
        """The masks of a row of cells, the top one first."""
        shift = 4 * (self.height - 1 - row)
        pairs = zip(self.columns[::2], self.columns[1::2], strict=True)
        return [_LEFT[left >> shift & 15] | _RIGHT[right >> shift & 15] for left, right in pairs]

    def _join(self, start: int, low: int, column: int, high: int, pattern: tuple[int, int]) -> None:
        """A straight line between two columns that are no neighbours, up to the latter."""
        period, drawn = pattern
        row, span = low, column - start
        for step in range(1, span + 1):
            target = low + round((high - low) * step / span)
            here = start + step
            if drawn >> here % period & 1:
                bottom, top = (row, target) if row <= target else (target, row)
                self.columns[here] |= ((1 << (top - bottom + 1)) - 1) << bottom
            row = target


def _placing(scale: Scale, rows: int) -> Callable[[float], int]:
    """Value → row of dots, -1 for what has no place on a log axis; beyond the ends it stands at the edge."""
    top = rows - 1
    if scale.log:
        low = math.log(scale.low)
        steep = top / (math.log(scale.high) - low)

        def logarithmic(value: float) -> int:
            if value <= 0:
                return -1
            return max(0, min(top, int((math.log(value) - low) * steep + 0.5)))

        return logarithmic
    low, steep = scale.low, top / (scale.high - scale.low)

    def linear(value: float) -> int:
        return max(0, min(top, int((value - low) * steep + 0.5)))

    return linear


def text(masks: Sequence[int]) -> str:
    """Cells as characters; an empty one is a space."""
    return "".join([chr(_BLANK + mask) if mask else " " for mask in masks])
