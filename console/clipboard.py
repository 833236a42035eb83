"""The clipboard of the terminal in front of the person, reached by an escape sequence (OSC 52)."""

import base64
import os
from typing import Any

from textual.app import App


def osc52(text: str) -> str:
    """What a terminal takes as the new content of its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a"


def through_tmux(text: str) -> str:
    """The same, wrapped so that a tmux which lets programs through hands it on to the terminal around it."""
    return "\x1bPtmux;" + osc52(text).replace("\x1b", "\x1b\x1b") + "\x1b\\"


def copy(app: App[Any], text: str) -> None:
    """To the clipboard, through ssh and tmux."""
    app.copy_to_clipboard(text)
    if app._driver is not None and os.environ.get("TMUX"):
        app._driver.write(through_tmux(text))
