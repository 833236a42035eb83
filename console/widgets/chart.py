"""Charts side by side with one axis, one window and one cursor; keys and clicks change how they are looked at."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.charts import look as looks
from console.charts import readout
from console.charts.look import Look, Window
from console.charts.memory import ChartMemory
from console.charts.panel import Panel
from console.fleet.rows import STREAM
from console.screens.commands import CHART_COMMANDS, bindings
from console.widgets.chart_lines import LABELS, Scene, chart, columns_of, whole
from console.widgets.lines import BLANK, Line, Lines, cut, padded

_PAUSE = 5  # times what the last drawing took
_STREAM_S = 1.0  # a curve that gets more points a second than `STREAM` is drawn once in so long
_LEAST_WIDTH, _LEAST_HEIGHT = 36, 8
HINTS = "←→ cursor  +- zoom  <> pan  0 all  y log  m smooth  X axis  M metrics"

_Ends = tuple[tuple[Any, ...], ...]  # of each curve: how many points, the axis, the last of them


class ChartPane(Lines):
    """As many charts as fit; up and down lead to the others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(CHART_COMMANDS),
        Binding("j,down", "chart_next(1)", "next chart", tooltip="the chart that y is for", show=False),
        Binding("k,up", "chart_next(-1)", "previous chart", tooltip="the chart before", show=False),
        Binding("enter", "chart_alone", "one chart", tooltip="one chart as large as all, or all of them", show=False),
    ]

    class Asked(Message):
        """The metrics to show are to be chosen."""

    class Moved(Message):
        """Something of the look changed."""

    def __init__(self, memory: ChartMemory | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.memory = memory or ChartMemory()
        self.look = self.memory.look
        self.marked = False  # the chart in question is named also when the keyboard is elsewhere
        self._panels: Sequence[Panel] = ()
        self._mark: tuple[object, tuple[_Ends, ...]] = (None, ())
        self._absent = ""
        self._whole: Window = (0.0, 1.0)
        self._cost = self._built_at = 0.0
        self._places: list[tuple[int, int, int, int, int]] = []  # chart, left, top, width, height

    def show(self, panels: Sequence[Panel], *, absent: str = "") -> None:
        """The charts as they are now."""
        form = (absent, tuple(_form(panel) for panel in panels))
        data = tuple(_data(panel, self.look) for panel in panels)
        since = time.monotonic() - self._built_at
        stream = since < _STREAM_S and _growth(self._mark[1], data) > max(1.0, STREAM * since)
        soon = stream or since < _PAUSE * self._cost
        if form == self._mark[0] and (data == self._mark[1] or soon):  # hundreds of live runs: not at every repaint
            return
        begun = time.monotonic()
        self._mark, self._panels, self._absent = (form, data), panels, absent
        self.memory.digests.keep({(one.key, self.look.axis) for panel in panels for one in panel.series})
        self._whole = whole(panels, self.look, self.memory)
        self.look = replace(self.look, at=min(self.look.at, max(0, len(panels) - 1)))
        self.rebuild()
        self._built_at = time.monotonic()
        self._cost = self._built_at - begun

    @property
    def panels(self) -> Sequence[Panel]:
        """What is shown."""
        return self._panels

    def build(self, width: int) -> list[Line]:
        if not self._panels:
            return [padded(((f" {self._absent}", "quiet"),), width)]
        height = self.size.height
        foot = height >= _LEAST_HEIGHT + 1 and (self.has_focus or self._told)
        lines = self._grid(width, height - foot)
        return [*lines, self._foot(width)] if foot else lines

    def clear_look(self) -> bool:
        """No window, no cursor, no chart alone; False when there was none."""
        if self.look.plain:
            return False
        self._see(replace(looks.unzoomed(self.look), alone=False))
        return True

    # ---- keys --------------------------------------------------------------------------------------------------------

    def action_chart_cursor(self, by: int) -> None:
        self._see(looks.moved(self.look, self._whole, 2 * by, self._columns))

    def action_chart_zoom(self, into: bool) -> None:
        self._see(looks.zoomed(self.look, self._whole, into))

    def action_chart_pan(self, by: int) -> None:
        self._see(looks.panned(self.look, self._whole, by))

    def action_chart_all(self) -> None:
        self._see(looks.unzoomed(self.look))

    def action_chart_log(self) -> None:
        if self._panels:
            self._see(looks.toggled_log(self.look, self._panels[self.look.at].title))

    def action_chart_smooth(self) -> None:
        self._see(looks.other_smoothing(self.look))

    def action_chart_axis(self) -> None:
        self._see(looks.other_axis(self.look))

    def action_chart_metrics(self) -> None:
        self.post_message(self.Asked())

    def action_chart_next(self, by: int) -> None:
        if self._panels:
            self._see(replace(self.look, at=(self.look.at + by) % len(self._panels)))

    def action_chart_alone(self) -> None:
        self._see(replace(self.look, alone=not self.look.alone))

    def on_click(self, event: events.Click) -> None:
        for at, left, top, width, height in self._places:
            if left <= event.x < left + width and top <= event.y < top + height:
                low, high = self.look.window or self._whole
                inner = columns_of(width) // 2
                share = min(1.0, max(0.0, (event.x - left - LABELS - 1) / max(1, inner - 1)))
                self._see(replace(self.look, at=at, cursor=low + share * (high - low)))

    # ---- drawing -----------------------------------------------------------------------------------------------------

    @property
    def _columns(self) -> int:
        return columns_of(self._places[0][3]) if self._places else 100

    @property
    def _told(self) -> bool:
        return not self.look.plain or bool(self.look.smoothing) or self.look.axis != "step"

    def _see(self, look: Look) -> None:
        if look == self.look:
            return
        self.look = look
        self.memory.chose(look)
        self._whole = whole(self._panels, look, self.memory)
        self.rebuild()
        self.post_message(self.Moved())

    def _grid(self, width: int, height: int) -> list[Line]:
        """Charts in rows and columns that fill the place; the page with the chart that keys are for."""
        at = self.look.at
        if self.look.alone:
            first, last = at, at + 1
            columns, rows = 1, 1
        else:
            columns, rows = shape(len(self._panels), width, height)
            each = columns * rows
            first = at // each * each
            last = min(first + each, len(self._panels))
        scene = Scene(self.look, self.look.window or self._whole, self.memory)
        self._places = []
        each_width = (width - 1) // columns

        def draw(place: int, tall: int, left: int, top: int) -> list[Line]:
            self._places.append((place, left, top, each_width - 1, tall))
            here = (self.has_focus or self.marked) and place == at and len(self._panels) > 1
            return chart(self._panels[place], scene, each_width - 1, tall, at=here)

        return tiled(range(first, last), (columns, rows), width, height, draw)

    def _foot(self, width: int) -> Line:
        """Where the cursor is, what is seen; otherwise the keys."""
        look, words = self.look, list[str]()
        if look.cursor is not None:
            series = [one for panel in self._panels for one in panel.series][:40]
            words.append(readout.place_words(series, look.axis, look.cursor))
        if look.window is not None:
            share = (look.window[1] - look.window[0]) / (self._whole[1] - self._whole[0])
            words.append(f"{share * 100:.2g} % of all")
        if look.smoothing:
            words.append(f"smoothed {look.smoothing}")
        shown = sorted({place for place, *_ in self._places})
        if shown and len(shown) < len(self._panels):
            words.append(f"chart {look.at + 1} of {len(self._panels)}")
        text = "   ".join(words)
        hints = HINTS if self.has_focus else ""
        left: Line = ((f" {text}", "strong"), ("   " if text and hints else "", "text"))
        return padded(cut((*left, (hints, "quiet")), width), width)


def _form(panel: Panel) -> tuple[object, ...]:
    """Which curves there are, and which is in front."""
    return (panel.title, panel.thresholds, panel.chosen, *((one.key, one.name, one.note) for one in panel.series))


def _data(panel: Panel, look: Look) -> _Ends:
    """Changes exactly when a curve does: curves only grow, or are made anew."""
    ends = []
    for one in panel.series:
        xs, ys = one.points(look.axis)
        end = (xs[-1], repr(ys[-1])) if len(ys) else ()  # a NaN is never equal to itself, its text is
        ends.append((len(ys), look.axis, *end))
    return tuple(ends)


def _growth(before: Sequence[_Ends], after: Sequence[_Ends]) -> int:
    """How many points the curve that grew most has more."""
    pairs = [pair for old, new in zip(before, after, strict=False) for pair in zip(old, new, strict=False)]
    return max((new[0] - old[0] for old, new in pairs), default=0)


def tiled(
    places: Sequence[int],
    form: tuple[int, int],
    width: int,
    height: int,
    draw: Callable[[int, int, int, int], list[Line]],
) -> list[Line]:
    """Charts in columns and rows; `draw` is asked for (which, height, left, top)."""
    columns, rows = form
    each_width = (width - 1) // columns
    lines: list[Line] = []
    for row in range(rows):
        tall = height // rows + (1 if row < height % rows else 0)
        here = places[row * columns : (row + 1) * columns]
        charts = [draw(place, tall, 1 + at * each_width, len(lines)) for at, place in enumerate(here)]
        for number in range(tall):
            line: list[tuple[str, str]] = [(" ", "text")]
            for one in charts:
                line.extend(padded(one[number] if number < len(one) else BLANK, each_width - 1))
                line.append((" ", "text"))
            lines.append(padded(tuple(line), width))
    return lines


def shape(charts: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows: no chart smaller than can be read, and none without its neighbours' size."""
    columns = max(1, min(charts, width // _LEAST_WIDTH))
    rows = max(1, min(-(-charts // columns), height // _LEAST_HEIGHT))
    columns = max(1, min(columns, -(-charts // rows)))
    return columns, rows
