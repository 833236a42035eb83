"""Line charts in braille dots: every cell is 2×4 dots. Pure.

A column of dots shows the least and the greatest value that fall into it, so that no spike is lost however many points
there are, and is joined to its neighbour, so that few points make a line.
"""

from collections.abc import Sequence

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # [row][column] of a cell
_BLANK = 0x2800

Points = Sequence[tuple[float, float]]
Range = tuple[float, float]


def span_of(values: Sequence[float], *more: float) -> Range:
    """The least and greatest finite value, never equal, with a little air."""
    finite = [value for value in (*values, *more) if _drawable(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if low == high:
        air = abs(low) * 0.1 or 1.0
        return low - air, high + air
    air = (high - low) * 0.04
    return (max(0.0, low - air) if low >= 0 else low - air), high + air


def bins(points: Points, across: Range, columns: int) -> list[tuple[float, float, float, float] | None]:
    """Per dot column: first, least, greatest and last value, or None. Points without a finite value leave a gap."""
    left, width = across[0], across[1] - across[0]
    found: list[tuple[float, float, float, float] | None] = [None] * columns
    for x, y in points:
        if not (_drawable(x) and _drawable(y)) or not left <= x <= across[1]:
            continue
        column = min(columns - 1, int((x - left) / width * (columns - 1) + 0.5)) if width > 0 else 0
        old = found[column]
        found[column] = (y, y, y, y) if old is None else (old[0], min(old[1], y), max(old[2], y), y)
    return found


def draw(points: Points, width: int, height: int, across: Range, upward: Range) -> list[list[int]]:
    """A grid [row][cell] of dot masks, top row first."""
    grid = [[0] * width for _ in range(height)]
    if width < 1 or height < 1:
        return grid
    before: tuple[int, int] | None = None  # column and dot row where the line ended
    for column, item in enumerate(bins(points, across, width * 2)):
        if item is None:
            continue
        first, low, high, last = (_dot_row(value, upward, height * 4) for value in item)
        if before is not None:
            _join(grid, before, (column, first))
        _vertical(grid, column, low, high)
        before = (column, last)
    return grid


def level_row(value: float, height: int, upward: Range) -> int | None:
    """The row of cells that a horizontal line at this value runs through, or None outside."""
    if not upward[0] <= value <= upward[1]:
        return None
    return _dot_row(value, upward, height * 4) // 4


def characters(row: Sequence[int]) -> str:
    """A row of masks as text; an empty cell is a space."""
    return "".join(chr(_BLANK + mask) if mask else " " for mask in row)


def _drawable(value: float) -> bool:
    """A finite number whose differences are finite as well."""
    return -1e150 < value < 1e150


def _dot_row(value: float, upward: Range, rows: int) -> int:
    share = (value - upward[0]) / (upward[1] - upward[0])
    return min(rows - 1, max(0, round((1 - share) * (rows - 1))))


def _set(grid: list[list[int]], column: int, row: int) -> None:
    grid[row // 4][column // 2] |= _DOTS[row % 4][column % 2]


def _vertical(grid: list[list[int]], column: int, one: int, other: int) -> None:
    for row in range(min(one, other), max(one, other) + 1):
        _set(grid, column, row)


def _join(grid: list[list[int]], start: tuple[int, int], end: tuple[int, int]) -> None:
    columns = end[0] - start[0]
    row = start[1]
    for step in range(1, columns + 1):
        target = round(start[1] + (end[1] - start[1]) * step / columns)
        if step < columns or target != row:
            _vertical(grid, start[0] + step, row + (target > row) - (target < row), target)
        row = target
