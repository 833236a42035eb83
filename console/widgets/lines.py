"""The base of all our widgets: lines of toned text, drawn with the line API and cached.

A line is a tuple of (text, tone). `build` makes all lines for a width; only lines that differ from what is on the
screen are drawn again. Nothing is ever parsed as markup.
"""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from console.format import cell_len, fit

Span = tuple[str, str]
Line = tuple[Span, ...]
BLANK: Line = ()
UNMADE: Line = (("", "unmade"),)  # stands for a line that nobody has looked at yet
CURVES = ("accent", "second", "third", "fourth")
TONES = ("text", "quiet", "strong", *CURVES, "good", "warn", "bad", "line", "cursor", "cursor-away")


class Lines(ScrollView, can_focus=True):
    """Lines of cells. The first `head` lines stay in place while the rest scrolls."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{name}" for name in TONES}
    head = 0

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles_by_tone: dict[tuple[str, str], Style] = {}

    def build(self, width: int) -> list[Line]:
        """All lines for this width."""
        raise NotImplementedError

    def make(self, index: int) -> Line:
        """A line that `build` left unmade because it was out of sight."""
        raise NotImplementedError

    def line_tone(self, index: int) -> str:
        """A tone that lies under the whole line, or nothing."""
        return ""

    def rebuild(self) -> None:
        """Build again; draw what changed."""
        width = self.line_width
        if width <= 0:
            return
        old, self._lines = self._lines, self.build(width)
        if len(old) != len(self._lines):
            self.virtual_size = Size(width, len(self._lines))
            self._strips.clear()
            self.refresh()
            return
        for index, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            if before != after:
                self.redraw(index)

    def redraw(self, index: int) -> None:
        """Draw one line again."""
        self._strips.pop(index, None)
        top = index if index < self.head else index - self.scroll_offset.y
        if 0 <= top < self.size.height:
            self.refresh_line(top + self.scroll_offset.y)

    @property
    def line_width(self) -> int:
        """Cells of a line: the scroll bar keeps its column, shown or not."""
        return self.scrollable_content_region.width

    @property
    def visible_now(self) -> bool:
        """In sight: neither it nor anything around it is hidden."""
        return all(node.display for node in self.ancestors_with_self if isinstance(node, Widget)) and self.size.area > 0

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def tone(self, name: str, under: str = "") -> Style:
        """The whole style of a tone in the theme in force, on top of what lies under its line."""
        style = self._styles_by_tone.get((name, under))
        if style is None:
            names = [*under.split(), *name.split()]
            parts = [self.get_component_rich_style(f"tone--{part}", partial=True) for part in names]
            style = self._styles_by_tone[name, under] = Style.combine([self.rich_style, *parts])
        return style

    def strip_of(self, line: Line, under: str = "") -> Strip:
        """A line as the terminal gets it; neighbours of one style become one."""
        segments: list[Segment] = []
        for text, tone in line:
            style = self.tone(tone, under)
            if segments and segments[-1].style is style:
                segments[-1] = Segment(segments[-1].text + text, style)
            else:
                segments.append(Segment(text, style))
        return Strip(segments).adjust_cell_length(self.size.width, self.tone("text", under))

    def render_line(self, y: int) -> Strip:
        index = y if y < self.head else y + self.scroll_offset.y
        strip = self._strips.get(index)
        if strip is None:
            strip = self._strips[index] = self._strip(index)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are: these widgets have no border, padding or opacity, and what the library does for those
        costs more than making a line. Every repaint asks for all lines in sight, changed or not."""
        background = self.background_colors[1]
        strips = [self.render_line(y) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles_by_tone.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        self._strips.clear()
        self._lines = []
        self.rebuild()

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.look_changed()

    def look_changed(self) -> None:
        """Focus or cursor changed: tones under the lines may be others."""
        self._strips.clear()
        self.rebuild()
        self.refresh()

    def _strip(self, index: int) -> Strip:
        if index >= len(self._lines):
            return self.strip_of(BLANK)
        if self._lines[index] is UNMADE:
            self._lines[index] = self.make(index)
        return self.strip_of(self._lines[index], self.line_tone(index))


def width_of(line: Line) -> int:
    """Cells of a line."""
    return sum([len(text) if text.isascii() else cell_len(text) for text, _ in line])


def padded(line: Line, width: int, *, to_right: bool = False) -> Line:
    """The line in exactly so many cells; too long a line loses its end."""
    have = width_of(line)
    if have == width:
        return line
    if have < width:
        space = (" " * (width - have), "text")
        return (space, *line) if to_right else (*line, space)
    return cut(line, width)


def cut(line: Line, width: int) -> Line:
    """At most so many cells, an ellipsis where something is missing."""
    if width_of(line) <= width:
        return line
    kept: list[Span] = []
    left = width
    for text, tone in line:
        size = cell_len(text)
        if size < left or (size == left and not _more_after(line, len(kept))):
            kept.append((text, tone))
            left -= size
            continue
        kept.append((fit(text + " …" if size <= left else text, left), tone))
        break
    return tuple(kept)


def _more_after(line: Line, place: int) -> bool:
    return any(text for text, _ in line[place + 1 :])
