"""A picture in half blocks: every cell shows two pixels, the upper as its colour, the lower as its background.

Works in every terminal that has colours; where one can draw pixels, `pixels` does it. Zoom in, and the arrows move
over it: a figure with four panels is legible so.
"""

import io
from typing import TYPE_CHECKING, ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from console.format import fit
from console.widgets.pixels import pixel_widget

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 60_000_000  # decoded, of a file that says that it is small
_ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_STEP = 0.25  # of what is in sight


class PictureView(Widget, can_focus=True):
    """One picture, or a sentence in its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus", "zoom(1)", "zoom in", tooltip="the picture larger", show=False),
        Binding("minus", "zoom(-1)", "zoom out", tooltip="the picture smaller", show=False),
        Binding("0", "zoom(-9)", "whole picture", tooltip="all of the picture", show=False),
        Binding("left,h", "move(-1,0)", "left", show=False),
        Binding("right,l", "move(1,0)", "right", show=False),
        Binding("up,k", "move(0,-1)", "up", show=False),
        Binding("down,j", "move(0,1)", "down", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._image: Image | None = None
        self._words = ""
        self._mark: tuple[object, int] | None = None
        self._zoom = 0
        self._middle = (0.5, 0.5)
        self._strips: list[Strip] = []
        self._pixels: Widget | None = None  # draws it where the terminal can do better than half blocks
        self._asked = False

    @property
    def zoom(self) -> float:
        """How many times larger than the place it has."""
        return _ZOOMS[self._zoom]

    def say(self, words: str) -> None:
        """No picture, but this."""
        if (words, None) != (self._words, self._image):
            self._image, self._words, self._mark = None, words, None
            self._draw()

    def show(self, data: bytes, name: object = None) -> None:
        """The picture in these bytes, or what is wrong with them; `name` tells it from others."""
        mark = (name, id(data))
        if mark == self._mark:
            return
        if self._mark is None or name != self._mark[0]:
            self._zoom, self._middle = 0, (0.5, 0.5)
        try:
            self._image, self._words = decoded(data), ""
        except ValueError as error:
            self._image, self._words = None, str(error)
        self._mark = mark
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def action_zoom(self, by: int) -> None:
        self._zoom = max(0, min(self._zoom + by, len(_ZOOMS) - 1))
        self.action_move(0, 0)

    def action_move(self, right: int, down: int) -> None:
        half = 0.5 / self.zoom
        there = (place + by * _STEP / self.zoom for place, by in zip(self._middle, (right, down), strict=True))
        across, upward = (min(max(place, half), 1 - half) for place in there)
        self._middle = (across, upward)
        self._draw()

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def _draw(self) -> None:
        width, height = self.size
        self._strips = []
        if self._pixels is not None:
            self._pixels.display = self._image is not None
        if self._image is not None and width and height:
            half = 0.5 / self.zoom
            (across, upward), (wide, tall) = self._middle, self._image.size
            box = (
                int((across - half) * wide),
                int((upward - half) * tall),
                max(1, int((across + half) * wide)),
                max(1, int((upward + half) * tall)),
            )
            seen = self._image.crop(box)
            if self._in_pixels(seen, width, height):
                return
            self._strips = half_blocks(seen, width, height)
        elif self._words and height:
            line = Strip([Segment(fit(f" {self._words}", width), self.rich_style)])
            self._strips = [line]
        self.refresh()

    def _in_pixels(self, seen: "Image", width: int, height: int) -> bool:
        """Drawn by the widget that can do better; False when there is none."""
        if not self._asked:
            self._asked = True
            self._pixels = None if self.app.is_headless else pixel_widget()
            if self._pixels is not None:
                self.mount(self._pixels)
        if self._pixels is None:
            return False
        wide, tall = fitted(*seen.size, width, height)
        self._pixels.styles.width, self._pixels.styles.height = wide, max(1, tall // 2)
        self._pixels.image = seen  # type: ignore[attr-defined]
        return True


def decoded(data: bytes) -> "Image":
    """ValueError says in a sentence why it cannot be shown."""
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only whoever looks at a picture pays for it
    except ImportError:
        raise ValueError("pictures need Pillow on this laptop: pip install Pillow   p: pull the run") from None
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"{image.width}×{image.height} pixels are too many to show here: p pulls the run")
        return image.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"this is no picture that can be shown: {error or type(error).__name__}") from None


def fitted(wide: int, tall: int, width: int, height: int) -> tuple[int, int]:
    """Pixels that a picture takes of a place of cells, two pixels above each other in each; its shape is kept."""
    share = min(width / wide, 2 * height / tall)
    return max(1, min(width, round(wide * share))), max(1, min(2 * height, round(tall * share)))


def half_blocks(image: "Image", width: int, height: int) -> list[Strip]:
    """Lines of cells; neighbours of one colour are one segment."""
    wide, tall = fitted(*image.size, width, height)
    small = image.resize((wide, tall), resample=1 if min(image.size) > 1 else 0)
    pixels = small.tobytes()
    row_bytes = 3 * wide
    strips = []
    for top in range(0, tall, 2):
        upper = pixels[top * row_bytes : (top + 1) * row_bytes]
        lower = pixels[(top + 1) * row_bytes : (top + 2) * row_bytes] or upper
        segments: list[Segment] = []
        before: bytes = b""
        count = 0
        for at in range(0, row_bytes, 3):
            pair = upper[at : at + 3] + lower[at : at + 3]
            if pair != before and count:
                segments.append(_cells(before, count))
                count = 0
            before, count = pair, count + 1
        segments.append(_cells(before, count))
        strips.append(Strip(segments, wide))
    return strips


def _cells(pair: bytes, count: int) -> Segment:
    upper, lower = Color.from_rgb(*pair[:3]), Color.from_rgb(*pair[3:])
    return Segment("▀" * count, Style(color=upper, bgcolor=lower))
