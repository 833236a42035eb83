"""Pictures in real pixels, where the terminal is known to draw them: kitty's graphics or sixels, by textual-image.

That package asks the terminal what it can, by escape sequences, when it is imported; the screen is reading the answers
by then. So it is imported without a terminal in sight, told the size of a cell, and which of its ways to take: the
environment says which terminal this is. `TRAJCONSOLE_PICTURES` says otherwise: blocks, kitty or sixel.
"""

import importlib
import io
import os
import struct
import sys
from collections.abc import Mapping
from fcntl import ioctl
from termios import TIOCGWINSZ
from typing import Literal

from textual.widget import Widget

VARIABLE = "TRAJCONSOLE_PICTURES"
Way = Literal["blocks", "kitty", "sixel"]
_KITTY = ("kitty", "ghostty")
_SIXEL = ("foot", "mlterm", "contour", "wezterm", "iterm", "konsole", "mintty")


def way(env: Mapping[str, str]) -> Way:
    """How pictures are best shown in the terminal that this environment speaks of."""
    wish = env.get(VARIABLE, "")
    if wish in ("kitty", "sixel"):
        return "kitty" if wish == "kitty" else "sixel"
    if wish or env.get("TMUX") or env.get("STY"):  # what stands between hides what the terminal can
        return "blocks"
    names = " ".join([env.get("TERM", ""), env.get("TERM_PROGRAM", "")]).lower()
    if env.get("KITTY_WINDOW_ID") or any(name in names for name in _KITTY):
        return "kitty"
    return "sixel" if env.get("KONSOLE_VERSION") or any(name in names for name in _SIXEL) else "blocks"


def cell_size(file: int) -> tuple[int, int] | None:
    """Pixels of a cell, where the terminal tells them."""
    try:
        rows, columns, width, height = struct.unpack("HHHH", ioctl(file, TIOCGWINSZ, bytes(8)))
    except OSError:
        return None
    return (width // columns, height // rows) if rows and columns and width >= columns and height >= rows else None


def pixel_widget(env: Mapping[str, str] = os.environ, file: int = 1) -> Widget | None:
    """A widget with an `image` that is a picture of Pillow's; None: half blocks it is."""
    chosen, cell = way(env), cell_size(file)
    if chosen == "blocks" or cell is None:
        return None
    os.environ["TEXTUAL_CELL_WIDTH"], os.environ["TEXTUAL_CELL_HEIGHT"] = map(str, cell)
    terminal = sys.__stdout__
    sys.__stdout__ = io.StringIO()  # type: ignore[misc, assignment]
    try:
        found = importlib.import_module("textual_image.widget")
    except ImportError:
        return None
    finally:
        sys.__stdout__ = terminal  # type: ignore[misc]
    made = (found.TGPImage if chosen == "kitty" else found.SixelImage)()
    assert isinstance(made, Widget)
    return made
