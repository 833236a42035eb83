"""A passphrase or a password, asked for on the controlling terminal: what is piped in or out does not matter."""

import atexit
import getpass
import os
import termios
from collections.abc import Callable


def on_terminal() -> Callable[[str], str | None] | None:
    """None when there is no terminal to ask on."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        before = termios.tcgetattr(terminal)
    except (OSError, termios.error):
        return None

    def restore() -> None:  # a question that was left by ctrl-c must not leave the terminal mute
        termios.tcsetattr(terminal, termios.TCSANOW, before)

    def ask(prompt: str) -> str | None:
        atexit.register(restore)
        try:
            return getpass.getpass(prompt)
        except EOFError:
            return None
        finally:
            atexit.unregister(restore)

    return ask
