"""A passphrase, a password or a code, asked on the controlling terminal: what is piped in or out does not matter."""

import atexit
import getpass
import os
import termios
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.hosts import Ask


def on_terminal() -> "Ask | None":
    """None when there is no terminal to ask on."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        before = termios.tcgetattr(terminal)
    except (OSError, termios.error):
        return None

    def restore() -> None:  # a question that was left by ctrl-c must not leave the terminal mute
        termios.tcsetattr(terminal, termios.TCSANOW, before)

    one_at_a_time = threading.Lock()  # several hosts may ask at once

    def ask(prompt: str, *, echo: bool = False) -> str | None:
        with one_at_a_time:
            if echo:
                return _seen(prompt)
            atexit.register(restore)
            try:
                return getpass.getpass(prompt)
            except EOFError:
                return None
            finally:
                atexit.unregister(restore)

    return ask


def _seen(prompt: str) -> str | None:
    with open("/dev/tty", "r+b", buffering=0) as terminal:
        terminal.write(prompt.encode())
        line = terminal.readline()
    return line.decode("utf-8", "surrogateescape").rstrip("\r\n") if line else None
