"""The log: only the lines in sight are ever made harmless and drawn, however long it is.

Follows its end until somebody scrolls up; then it stays where it is and says how many lines are new.
"""

import re
from bisect import bisect_left
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.fleet.model import Log, RunKey
from console.format import cell_len
from console.plain import plain
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line, Lines, width_of

_STAMP = re.compile(r"\s*\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?\s?")
_ALARM = re.compile(r"\b(error|exception|traceback|fatal|failed|nan)\b", re.IGNORECASE)
_LEFT = 1  # a cell of air
_LONGEST = 20_000  # characters of a line that are looked at


class LogPane(Lines):
    """One run's log."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "down", show=False),
        Binding("k,up", "scroll_up", "up", show=False),
        Binding("h,left", "sideways(-16)", "left", show=False),
        Binding("right", "sideways(16)", "right", show=False),
        Binding("g,home,1", "top", "begin of the log", show=False),
        Binding("G,end,0", "bottom", "end of the log", show=False),
        Binding("enter,l", "open", "full log", tooltip="the whole log on the whole screen", show=False),
    ]

    class Opened(Message):
        """It is wanted on the whole screen."""

    class Changed(Message):
        """Following, or the number of new lines, changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._key: RunKey | None = None
        self._log = Log()
        self._absent = ""
        self.following = True
        self.wrapping = False
        self.stamps = True
        self._seen = 0  # number of the line after the last that has been in sight
        self._rows: list[tuple[int, str]] = []  # while wrapping: line, part
        self._wrapped = (0, 0)  # number after the last line that was wrapped, and to which width
        self._widest = 0
        self._left = 0  # column at the left edge of the strips that are kept

    def show(self, key: RunKey | None, log: Log, absent: str = "") -> None:
        """The log as it is now. `absent` is shown when it is empty."""
        if key != self._key:
            self._key, self.following, self._seen, self._widest = key, True, 0, 0
            self._log = Log()
            self._forget()
        if (log.first, len(log.lines), log.end, absent) == (
            self._log.first,
            len(self._log.lines),
            self._log.end,
            self._absent,
        ):
            return
        dropped = log.first - self._log.first
        grown = dropped == 0 and len(log.lines) >= len(self._log.lines) > 0
        continued = log.first <= self._log.first + len(self._log.lines)
        end = len(self._rows) if self.wrapping else len(self._log.lines)
        self._log, self._absent = log, absent
        if dropped > 0 and continued:
            self._strips.clear()
        elif not grown:
            self._forget()
        else:
            self._strips = {
                place: strip for place, strip in self._strips.items() if place < end
            }  # blanks below the end
        self._measure()
        if self.following:
            self._to_end()
        elif dropped > 0 and not self.wrapping:
            self.scroll_to(y=max(0, self.scroll_offset.y - dropped), animate=False)
        self.refresh()
        self._note()

    @property
    def unseen(self) -> int:
        """Lines that came while somebody was reading above."""
        return 0 if self.following else max(0, self._log.first + len(self._log.lines) - self._seen)

    def build(self, width: int) -> list[Line]:
        self._forget()
        self._measure()
        if self.following:
            self._to_end()
        return []

    def rebuild(self) -> None:
        if self.line_width > 0:
            self.build(self.line_width)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        if left != self._left or len(self._strips) > 4096:
            self._left = left
            self._strips.clear()
        strip = self._strips.get(y + top)
        if strip is None:
            strip = self._strips[y + top] = self._cropped(self._line(y + top), left)
        return strip

    def _cropped(self, line: Line, left: int) -> Strip:
        """What of a line is in sight; a sign in the last cell where there is more."""
        width, wide = self.line_width, width_of(line)
        if not left and wide <= width:
            return self.strip_of(line)
        strip = Strip([Segment(text, self.tone(tone)) for text, tone in line])
        if wide > left + width:
            strip = Strip([*strip.crop(left, left + width - 1), Segment("›", self.tone("quiet"))])
        else:
            strip = strip.crop(left)
        return strip.adjust_cell_length(self.size.width, self.tone("text"))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        bottom = self.max_scroll_y
        if new_value < old_value and new_value < bottom and self.following:
            self._seen = self._log.first + len(self._log.lines)
            self.following = False
            self._note()
        elif new_value >= bottom and new_value > old_value and not self.following:
            self.following = True
            self._note()

    def action_follow(self) -> None:
        """Follow the end, or stay here."""
        if self.following:
            self._seen = self._log.first + len(self._log.lines)
        self.following = not self.following
        if self.following:
            self._to_end()
        self._note()

    def action_wrap(self) -> None:
        """Break long lines, or cut them at the edge."""
        self.wrapping = not self.wrapping
        self.scroll_to(x=0, animate=False)
        self.rebuild()
        self._note()

    def action_stamps(self) -> None:
        """Show or hide the time at the beginning of each line."""
        self.stamps = not self.stamps
        self.rebuild()
        self._note()

    def action_top(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        self.following = True
        self._to_end()
        self._note()

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def action_sideways(self, cells: int) -> None:
        self.scroll_to(x=max(0, self.scroll_offset.x + cells), animate=False)

    def text_of(self, number: int) -> str:
        """A line as it is shown."""
        raw = self._log.lines[number]
        text = plain(raw if len(raw) <= _LONGEST else raw.rsplit("\r", 1)[-1][:_LONGEST])
        return text if self.stamps else text[stamp_length(text) :]

    def _forget(self) -> None:
        self._strips.clear()
        self._rows, self._wrapped, self._widest = [], (0, 0), 0

    def _measure(self) -> None:
        """How large the whole is. Wrapping looks at every line once; otherwise only those in sight are."""
        width = self.line_width
        if width <= 0:
            return
        total = len(self._log.lines)
        if self.wrapping:
            first = self._log.first
            done = max(first, self._wrapped[0]) if self._wrapped[1] == width else first
            kept = bisect_left(self._rows, (first, "")) if done > first else len(self._rows)
            del self._rows[:kept]
            for number in range(done, first + total):
                parts = folded(self.text_of(number - first), width - _LEFT) or [""]
                self._rows += [(number, part) for part in parts]
            self._wrapped = (first + total, width)
            self._stretch(Size(width, len(self._rows) or 1))
        else:
            self._stretch(Size(max(width, self._widest + _LEFT), total or 1))

    def _stretch(self, size: Size) -> None:
        """The whole has this size. A log that only grows must not lay out the screen anew for every line: only where
        its scroll bar comes."""
        fits = max(size.height, self.virtual_size.height) <= self.size.height
        scrolls = self.show_vertical_scrollbar and size.height > self.size.height
        if size.width == self.virtual_size.width and (fits or scrolls):
            self.set_reactive(ScrollView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _line(self, index: int) -> Line:
        if not len(self._log.lines):
            return ((f" {self._absent}", "quiet"),) if index == 0 else BLANK
        if self.wrapping:
            if index >= len(self._rows):
                return BLANK
            number, text = self._rows[index]
            first = index == 0 or self._rows[index - 1][0] != number
        else:
            if index >= len(self._log.lines):
                return BLANK
            text, first = self.text_of(index), True
            self._grow(cell_len(text))
        stamp = stamp_length(text) if first and self.stamps else 0
        return ((" " + text[:stamp], "quiet"), (text[stamp:], "bad" if _ALARM.search(text) else "text"))

    def _grow(self, width: int) -> None:
        if width > self._widest:
            self._widest = width
            self.call_after_refresh(self._measure)

    def _to_end(self) -> None:
        self.scroll_to(y=max(0, self.virtual_size.height - self.size.height), animate=False, force=True)

    def _note(self) -> None:
        self.post_message(self.Changed())


def stamp_length(text: str) -> int:
    """How many characters at the beginning are a time."""
    found = _STAMP.match(text)
    return found.end() if found else 0
