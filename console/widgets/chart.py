"""Small charts side by side, each with its own scale: losses, and each criterion's metric with its threshold line."""

from collections.abc import Sequence

from console import format as fmt
from console.plain import plain
from console.widgets import braille
from console.widgets.curves import Plot
from console.widgets.lines import BLANK, Line, Lines, cut, padded

_LEAST_WIDTH, _LEAST_HEIGHT = 36, 6
_LABELS = 8
_TONES = ("accent", "second", "good", "warn")


class ChartPane(Lines):
    """As many charts as fit."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plots: Sequence[Plot] = ()
        self._mark: tuple[object, ...] = ()
        self._absent = ""

    def show(self, plots: Sequence[Plot], *, absent: str = "") -> None:
        """The charts as they are now."""
        mark = (absent, *(_mark(plot) for plot in plots))
        if mark != self._mark:
            self._mark, self._plots, self._absent = mark, plots, absent
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        if not self._plots:
            return [padded(((f" {self._absent}", "quiet"),), width)]
        return grid(self._plots, width, self.size.height)


def _mark(plot: Plot) -> tuple[object, ...]:
    """Changes exactly when a chart does: curves only grow, or are made anew as other lists."""
    return (plot.title, plot.threshold, *((name, id(points), len(points)) for name, points in plot.curves))


def grid(plots: Sequence[Plot], width: int, height: int) -> list[Line]:
    """Charts in rows and columns that fill the place."""
    columns, rows = shape(len(plots), width, height)
    each_width = (width - 1) // columns
    lines: list[Line] = []
    for row in range(rows):
        tall = height // rows + (1 if row < height % rows else 0)
        charts = [chart(plot, each_width - 1, tall) for plot in plots[row * columns : (row + 1) * columns]]
        for place in range(tall):
            line: list[tuple[str, str]] = [(" ", "text")]
            for one in charts:
                line.extend(padded(one[place] if place < len(one) else BLANK, each_width - 1))
                line.append((" ", "text"))
            lines.append(padded(tuple(line), width))
    return lines


def shape(plots: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows: no chart smaller than can be read, and none without its neighbours' size."""
    columns = max(1, min(plots, width // _LEAST_WIDTH))
    rows = max(1, min(-(-plots // columns), height // _LEAST_HEIGHT))
    columns = max(1, min(columns, -(-plots // rows)))
    return columns, rows


def chart(plot: Plot, width: int, height: int) -> list[Line]:
    """One chart: title with the newest values, the curves, the steps below."""
    inner, tall = width - _LABELS - 1, max(1, height - 2)
    xs = [x for _, points in plot.curves for x, _ in points]
    ys = [y for _, points in plot.curves for _, y in points]
    across = (min(xs), max(xs)) if len(set(xs)) > 1 else (min(xs) - 1, min(xs) + 1)
    thresholds = () if plot.threshold is None else (plot.threshold,)
    upward = braille.span_of(ys, *thresholds)
    grids = [braille.draw(points, inner, tall, across, upward) for _, points in plot.curves]
    row_of_threshold = None if plot.threshold is None else braille.level_row(plot.threshold, tall, upward)
    lines: list[Line] = [cut(_title(plot), width)]
    for row in range(tall):
        label, tone = _label(row, tall, upward, plot.threshold if row == row_of_threshold else None)
        edge = "┼" if row == row_of_threshold else "┤" if label else "│"
        body = _row(grids, row, ruled=row == row_of_threshold)
        lines.append(((fmt.right(label, _LABELS), tone), (edge, "quiet"), *body))
    first, last = fmt.count(min(xs)), fmt.count(max(xs))
    axis = " " * (_LABELS + 1) + first + fmt.right(f"step {last}", max(0, inner - len(first)))
    return [*lines, ((axis, "quiet"),)] if height > 2 else lines[:height]


def _title(plot: Plot) -> Line:
    spans: list[tuple[str, str]] = []
    for place, (name, points) in enumerate(plot.curves):
        mark = "⠒⠒ " if len(plot.curves) > 1 else ""
        spans += [
            (mark, _TONES[place % len(_TONES)]),
            (f"{plain(name)} ", "text"),
            (f"{fmt.number(points[-1][1])}  ", "strong"),
        ]
    if plot.threshold is not None:
        spans.append((f"╌╌ {fmt.number(plot.threshold, 2)}", "warn"))
    return tuple(spans)


def _label(row: int, rows: int, upward: braille.Range, threshold: float | None) -> tuple[str, str]:
    if threshold is not None:
        return fmt.number(threshold, 2), "warn"
    if row in (0, rows - 1):
        return fmt.number(upward[1] if row == 0 else upward[0], 2), "quiet"
    return "", "quiet"


def _row(grids: Sequence[list[list[int]]], row: int, *, ruled: bool) -> Line:
    """Neighbouring cells of one tone become one span."""
    spans: list[tuple[str, str]] = []
    for cell in range(len(grids[0][row])):
        mask, tone = 0, "warn"
        for place, one in enumerate(grids):
            if one[row][cell]:
                mask |= one[row][cell]
                tone = _TONES[place % len(_TONES)]
        text = braille.characters([mask]) if mask else "╌" if ruled else " "
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + text, tone)
        else:
            spans.append((text, tone))
    return tuple(spans)
