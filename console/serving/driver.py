"""How the console draws when it stands behind a browser: Textual's own web driver, which here ends with its input.

The library's driver stops reading when its input ends and leaves the app running without a reader; then nobody can ever
end it. Here the end of the input ends the app, so a console lives no longer than the server that feeds it.
"""

import asyncio
import contextlib
import os
import threading

from textual import messages
from textual.drivers.web_driver import WebDriver

PATIENCE_S = 5.0  # that a console gets to close its links


class SeatDriver(WebDriver):
    """Ends the app at the end of its input; and the process, should the app not end."""

    def start_application_mode(self) -> None:
        self._seat_loop = asyncio.get_running_loop()
        super().start_application_mode()

    def write(self, data: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more: the end of the input is on its way
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        with contextlib.suppress(OSError):
            super().write_meta(data)

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            last = threading.Timer(PATIENCE_S, os._exit, [1])
            last.daemon = True
            last.start()
            with contextlib.suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(self._app._post_message(messages.ExitApp()), self._seat_loop)
