"""A log of any length: only the lines in sight are fetched, made harmless and drawn. The cursor is a line.

It follows the end until somebody moves up; then it stays on its lines, whatever comes before or behind them.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.format import cell_len, fit
from console.logs.ansi import COLOURS, spans
from console.logs.reader import Reader
from console.logs.source import LogLine, Source
from console.logs.traces import alarming
from console.widgets.lines import Line, Lines, Span
from console.widgets.log import stamp_length
from console.widgets.log_pieces import marked, tones_of, window, without

NAME_TONES = ("accent", "second", "good", "warn", "strong", "ansi-magenta")
_WEIGHTS = ("bold", "dim", "italic", "underline", "reverse")
_GUTTER = 2
_NAME = 16  # cells of a name at most
_KEPT = 1000
_SIDEWAYS = 16


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line made ready: what is shown of it."""

    line: Line
    wide: int
    alarm: bool


class LogView(Lines):
    """Shows what a `Reader` reads."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"tone--ansi-{name}" for name in (*COLOURS, "grey", *_WEIGHTS)),
        "tone--match",
        "tone--trace",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", show=False),
        Binding("k,up", "move(-1)", "up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("g,home,1", "head", "head", tooltip="the first line", show=False),
        Binding("G,end,0", "tail", "tail", tooltip="the last line, and follow", show=False),
        Binding("h,left", f"sideways(-{_SIDEWAYS})", "left", show=False),
        Binding("l,right", f"sideways({_SIDEWAYS})", "right", show=False),
        Binding("space", "mark", "mark", tooltip="begin or end a selection of lines", show=False),
        Binding("shift+down", "extend(1)", "select down", show=False),
        Binding("shift+up", "extend(-1)", "select up", show=False),
    ]

    class Changed(Message):
        """The cursor, following, or the number of new lines changed."""

    def __init__(self, reader: Reader, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.reader = reader
        self.following = True
        self.wrapping = False
        self.stamps = True
        self.rushing = False  # more comes than anybody can read
        self.cursor = 0
        self.marked: int | None = None  # where the selection began
        self.block: tuple[int, int] = (0, 0)  # lines of a traceback
        self._left = 0
        self._seen = 0
        self._view: Source = reader.view
        self._state = (-1, -1, -1)  # version, moved, count of the view as they were
        self._top_part = 0  # of the first line, while wrapping
        self._rows: list[tuple[int, int]] = []  # in sight: line, part
        self._drawn: OrderedDict[tuple[bytes, int], Drawn] = OrderedDict()
        self._fetched: dict[int, LogLine] = {}
        self._names = 0
        self._room = 8  # cells for the text of a line

    @property
    def view(self) -> Source:
        """The lines."""
        return self._view

    @property
    def unseen(self) -> int:
        """Lines that came while somebody was reading above."""
        return 0 if self.following else max(0, self._view.count - self._seen)

    @property
    def selection(self) -> tuple[int, int]:
        """First and after last of the marked lines, else the cursor's."""
        other = self.cursor if self.marked is None else self.marked
        low, high = sorted((self.cursor, other))
        return low, min(self._view.count, high + 1)

    @property
    def stamped(self) -> bool:
        """Some line in sight has a time of its own."""
        return any(stamp_length("".join(text for text, _ in spans(line.raw))) for line in self._fetched.values())

    def update(self, *, redraw: bool = False) -> None:
        """The reader knows more, or shows another view of it."""
        view = self.reader.view
        if view is not self._view:
            self._other_view(view)
            redraw = True
        version, moved, before = self._state
        count = view.count
        self._state = (view.version, view.moved, count)
        if not redraw and self._state == (version, moved, before):
            self.rushing = False
            return
        if version not in (-1, view.version):
            self.cursor, self.marked, self.block, self._seen = 0, None, (0, 0), 0
        elif view.moved != moved and version != -1:
            self._shift(view.moved - moved)
        names = max((cell_len(name) for name in view.names), default=0) if len(view.names) > 1 else 0
        self._names = min(_NAME, names)
        self._room = max(8, self.line_width - _GUTTER - (self._names + 1 if self._names else 0))
        self.rushing = self.following and count - before > 2 * self.size.height
        self._stretch()
        if self.following:
            self.cursor = max(0, view.count - 1)
            self._to_end()
        self.cursor = max(0, min(self.cursor, view.count - 1))
        self.refresh_rows()
        self._note()

    def refresh_rows(self) -> None:
        """Lay out what is in sight, and draw it."""
        self._room = max(8, self.line_width - _GUTTER - (self._names + 1 if self._names else 0))
        self._fetched.clear()
        self._rows = self._layout()
        self._strips.clear()
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = self.scroll_offset.y
        self.refresh()

    def build(self, width: int) -> list[Line]:
        return []

    def rebuild(self) -> None:
        if self.line_width > 0:
            self._drawn.clear()
            self.update(redraw=True)
            if not self.following:
                self._show_cursor()

    def look_changed(self) -> None:
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._row(y)
        return strip

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.refresh_rows()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll_by(3)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self._rows):
            self._go(self._rows[event.y][0])

    def action_move(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_extend(self, by: int) -> None:
        if self.marked is None:
            self.marked = self.cursor
        self._go(self.cursor + by)

    def action_mark(self) -> None:
        """Begin a selection here, or end it."""
        self.following_off()
        self.marked = self.cursor if self.marked is None else None
        self.refresh_rows()
        self._note()

    def action_page(self, by: int) -> None:
        lines = max(1, len({line for line, _ in self._rows}) - 1)
        self._go(self.cursor + by * lines)
        if not self.following:
            self.scroll_to(y=self.scroll_offset.y + by * lines, animate=False, force=True)
            self._show_cursor()

    def action_head(self) -> None:
        self.following_off()
        self.reader.view.to_head()
        self.reader.tick(0.0)
        self.update()
        self._go(0)

    def action_tail(self) -> None:
        self.reader.view.to_tail()
        self.reader.tick(0.0)
        self.marked = None
        self.following = True
        self.update(redraw=True)

    def action_sideways(self, by: int) -> None:
        widest = max((self._ready(line).wide for line, _ in self._rows), default=0)
        most = max(0, widest - self._room) if by > 0 else self._left
        self._left = 0 if self.wrapping else max(0, min(self._left + by, max(most, 0)))
        self._strips.clear()
        self.refresh()

    def action_wrap(self) -> None:
        """Break long lines, or cut them at the edge."""
        self.wrapping = not self.wrapping
        self._left = 0
        self.rebuild()
        self._note()

    def action_stamps(self) -> None:
        """Show or hide the time at the beginning of each line."""
        self.stamps = not self.stamps
        self.rebuild()
        self._note()

    def action_follow(self) -> None:
        """Follow the end, or stay here."""
        if self.following:
            self.following_off()
            self._note()
        else:
            self.action_tail()

    def following_off(self) -> None:
        """Stay here, whatever comes."""
        if self.following:
            self.following = False
            self._seen = self._view.count

    def go_to(self, line: int, block: tuple[int, int] | None = None) -> None:
        """Put the cursor on a line, in the upper third; with a block of lines to point at."""
        self.following_off()
        self.marked = None
        if block is not None:
            self.block = block
        self.cursor = max(0, min(line, self._view.count - 1))
        rows = [number for number, _ in self._rows]
        if not rows or not rows[0] <= self.cursor < rows[-1] or block is not None:
            self._top_part = 0
            self.scroll_to(y=max(0, self.cursor - self.size.height // 3), animate=False, force=True)
        self._show_cursor()
        self.refresh_rows()
        self._note()

    def text(self, start: int, stop: int) -> list[str]:
        """Lines as they are shown, without signs and colours."""
        found = []
        for line in self._view.lines(start, stop):
            spans = self._spans(line)
            found.append("".join(text for text, _ in (*self._who(line), *spans)))
        return found

    def _go(self, line: int) -> None:
        count = self._view.count
        line = max(0, min(line, count - 1))
        if line >= count - 1 and self.following:
            return
        if line < count - 1 or self.marked is not None:
            self.following_off()
        self.cursor = line
        if line == count - 1 and self.marked is None and count and self._view.share >= 1:
            self.following = True
            self._to_end()
        self._show_cursor()
        self.refresh_rows()
        self._note()

    def _scroll_by(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)
        if lines < 0 and self.max_scroll_y > 0:
            self.following_off()
        elif self.scroll_offset.y >= self.max_scroll_y:
            self.following = True
            self.cursor = max(0, self._view.count - 1)
        rows = [number for number, _ in self._rows]
        if rows and not self.following:
            self.cursor = max(rows[0], min(self.cursor, rows[-1]))
        self.refresh_rows()
        self._note()

    def _other_view(self, view: Source) -> None:
        """Keep the cursor on its line, where that is shown too."""
        old, self._view = self._view, view
        place = old.place(self.cursor) if 0 <= self.cursor < old.count else None
        self._state = (view.version, view.moved, view.count)
        self.marked, self.block = None, (0, 0)
        self._seen = view.count
        if not self.following and place is not None and view.known(place[0]):
            self.cursor = min(view.number(*place), max(0, view.count - 1))
        self._stretch()
        if not self.following:
            self.scroll_to(y=max(0, self.cursor - self.size.height // 3), animate=False, force=True)

    def _shift(self, by: int) -> None:
        """So many lines were added before the first."""
        self.cursor += by
        self._seen += by
        self.block = (self.block[0] + by, self.block[1] + by)
        if self.marked is not None:
            self.marked += by
        self._stretch()
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, force=True)

    def _stretch(self) -> None:
        """The whole has this height. A log that only grows must not lay out the screen anew for every line."""
        width, height = self.line_width, self.size.height
        if width <= 0:
            return
        size = Size(width, max(1, self._last_top() + height if self.wrapping else self._view.count))
        if self.show_vertical_scrollbar and size.width == self.virtual_size.width and size.height > height:
            self.set_reactive(ScrollView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _last_top(self) -> int:
        """While wrapping: the first line in sight when the end is."""
        count, rows = self._view.count, 0
        for line in range(count - 1, max(-1, count - 1 - self.size.height), -1):
            rows += self._parts(line)
            if rows >= self.size.height:
                return line
        return 0

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _layout(self) -> list[tuple[int, int]]:
        """Which lines are in sight, with their parts."""
        top, height, count = self.scroll_offset.y, self.size.height, self._view.count
        if height <= 0:
            return []
        self._fetch(top, top + height)
        if not self.wrapping:
            return [(line, 0) for line in range(top, min(count, top + height))]
        rows = []
        for line in range(top, min(count, top + height)):
            rows += [(line, part) for part in range(self._parts(line))]
        if top >= self.max_scroll_y and len(rows) > height:
            return rows[-height:]
        return rows[:height]

    def _fetch(self, start: int, stop: int) -> None:
        for number, line in enumerate(self._view.lines(start, stop), start):
            self._fetched[number] = line

    def _line_at(self, number: int) -> LogLine:
        line = self._fetched.get(number)
        if line is None:
            found = self._view.lines(number, number + 1)
            line = self._fetched[number] = found[0] if found else LogLine(b"")
        return line

    def _parts(self, number: int) -> int:
        """Rows of a wrapped line: no more than there is room for."""
        wide = self._ready(number).wide
        return max(1, min(-(-wide // self._room), self.size.height - 1))

    def _ready(self, number: int) -> Drawn:
        line = self._line_at(number)
        key = (line.raw, line.origin)
        drawn = self._drawn.get(key)
        if drawn is None:
            parts = self._spans(line)
            text = "".join(part for part, _ in parts)
            alarm = alarming(text)
            if all(not names for _, names in parts):
                stamp = stamp_length(text) if self.stamps else 0
                tones: Line = ((text[:stamp], "quiet"), (text[stamp:], "bad" if alarm else "text"))
            else:
                tones = tuple((part, tones_of(names)) for part, names in parts)
                stamp = stamp_length(parts[0][0]) if self.stamps and not parts[0][1] else 0
                tones = ((parts[0][0][:stamp], "quiet"), *without(tones, stamp))
            if self.reader.matcher is not None:
                tones = marked(tones, self.reader.matcher.spans(text))
            drawn = self._drawn[key] = Drawn(tones, cell_len(text), alarm)
            if len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
        return drawn

    def pattern_changed(self) -> None:
        """What is found is marked in the lines: they are made anew."""
        self._drawn.clear()
        self.update(redraw=True)

    def _spans(self, line: LogLine) -> list[Span]:
        parts = spans(line.raw)
        if self.stamps or not parts:
            return parts
        hidden = stamp_length("".join(text for text, _ in parts))
        return without(parts, hidden)

    def _who(self, line: LogLine) -> Line:
        if not self._names:
            return ()
        name = self._view.names[line.origin]
        return ((fit(name, self._names) + " ", NAME_TONES[line.origin % len(NAME_TONES)]),)

    def _row(self, y: int) -> Strip:
        if y >= len(self._rows):
            return self.strip_of(())
        number, part = self._rows[y]
        drawn = self._ready(number)
        low, high = self.selection
        selected = self.marked is not None and low <= number < high
        here = number == self.cursor and not self.following
        trace = self.block[0] <= number < self.block[1]
        sign = ("▸", "accent strong") if here else ("┃", "accent") if selected else (" ", "text")
        note = ("▌", "bad") if trace else ("✗", "bad") if drawn.alarm else (" ", "text")
        under = "cursor" if here or selected else "cursor-away" if trace else ""
        first = part == 0
        name = self._who(self._line_at(number))
        if name and not first:
            name = ((" " * (self._names + 1), "text"),)
        left = part * self._room if self.wrapping else self._left
        body = window(drawn.line, left, self._room)
        if drawn.wide > left + self._room and not (self.wrapping and part + 1 < self._parts(number)):
            body = (*window(body, 0, self._room - 1), ("›", "quiet"))
        return self._exact((sign if first else (sign[0] if selected else " ", sign[1]), note, *name, *body), under)

    def _exact(self, line: Line, under: str) -> Strip:
        """Like `strip_of`, for a line that is known to fit: made thousands of times a second."""
        segments: list[Segment] = []
        wide = self.size.width
        have = 0
        for text, tone in (*line, ("", "text")):
            style = self.tone(tone, under)
            have += len(text) if text.isascii() else cell_len(text)
            if segments and segments[-1].style is style:
                segments[-1] = Segment(segments[-1].text + text, style)
            else:
                segments.append(Segment(text, style))
        segments[-1] = Segment(segments[-1].text + " " * (wide - have), segments[-1].style)
        return Strip(segments, wide) if have <= wide else Strip(segments).adjust_cell_length(wide)

    def _show_cursor(self) -> None:
        """Scroll as little as needed for the cursor to be in sight."""
        self._rows = self._layout()
        rows = [number for number, _ in self._rows]
        top = self.scroll_offset.y
        if not rows or self.cursor < rows[0] or (self.cursor == rows[0] and self.cursor < top):
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor > rows[-1] or (self.wrapping and rows.count(self.cursor) < self._parts(self.cursor)):
            line, room = self.cursor, self.size.height
            while line >= 0 and (room := room - (self._parts(line) if self.wrapping else 1)) >= 0:
                line -= 1
            if line + 1 > top:
                self.scroll_to(y=line + 1, animate=False, force=True)
        self._rows = self._layout()

    def _note(self) -> None:
        self.post_message(self.Changed())
