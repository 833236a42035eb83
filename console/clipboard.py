"""Text for the clipboard of the terminal that a person sits at: OSC 52, which passes through ssh, and through tmux when
it is wrapped for it."""

import base64
import os
from collections.abc import Mapping
from typing import Any

from textual.app import App

MOST = 74_000  # characters after coding that common terminals take


def osc52(text: str, environ: Mapping[str, str]) -> tuple[str, int]:
    """The sequence, and how many characters of the text are in it."""
    data = text.encode("utf-8", "replace")[: MOST // 4 * 3]
    kept = data.decode("utf-8", "ignore")
    plain = f"\x1b]52;c;{base64.b64encode(kept.encode()).decode()}\x07"
    if environ.get("TMUX"):  # tmux takes the plain one for its own buffer, and passes the wrapped one on
        escaped = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{escaped}\x1b\\", len(kept)
    return plain, len(kept)


def copy(app: App[Any], text: str) -> int:
    """To the clipboard of whoever looks at the app; how many characters of the text went there."""
    sequence, kept = osc52(text, os.environ)
    app._clipboard = text  # what the app itself pastes
    if app._driver is not None:
        app._driver.write(sequence)
    return kept
