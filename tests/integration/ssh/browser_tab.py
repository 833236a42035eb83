"""The console in a tab of a real Chromium: keys in, and out what the page's own terminal shows."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from terminal import Seen

sys.path.append(str(Path(__file__).parents[1] / "console"))

from browser import CHROMIUM, Browser

__all__ = ["CHROMIUM", "Tab"]

# The page keeps its terminal to itself; this hears of it when it is made, before any script of the page runs.
HEAR = """Object.defineProperty(Object.prototype, "terminal", {configurable: true, set(made) {
  Object.defineProperty(this, "terminal", {value: made, writable: true, configurable: true, enumerable: true});
  if (made && made.buffer) window.shown = made;
}})"""
READ = """(() => {
  if (!window.shown) return "";
  const {active} = window.shown.buffer, lines = [];
  for (let row = 0; row < window.shown.rows; row++) {
    const line = active.getLine(active.baseY + row);
    lines.push(line ? line.translateToString(true) : "");
  }
  return lines.join("\\n");
})()"""
FOCUSED = "document.activeElement.className === 'xterm-helper-textarea'"
KEYS = {
    "Enter": ("Enter", "\r", 13),
    "Escape": ("Escape", "", 27),
    "Space": (" ", " ", 32),
    "Left": ("ArrowLeft", "", 37),
    "Right": ("ArrowRight", "", 39),
}


class Tab(Seen):
    """As wide as the window is, about 100 × 30 letters. Has a loop of its own, so that it is used like any terminal."""

    def __init__(self, folder: Path, address: str) -> None:
        self._loop, self._browser, self._address = asyncio.new_event_loop(), Browser(folder), address

    def __enter__(self) -> "Tab":
        self._wait(self._open())
        self.until(lambda text: text.strip() and self._wait(self._browser.value(FOCUSED)), "the page has the keys")
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._browser.__aexit__())
        self._loop.close()

    def keys(self, *names: str) -> None:
        for name in names:
            key, text, code = KEYS.get(name, (name, name, 0))
            self._wait(self._browser.key(key, text, code))

    def type(self, text: str) -> None:
        self._wait(self._browser.call("Input.insertText", text=text))

    def screen(self) -> str:
        return str(self._wait(self._browser.value(READ)))

    def left(self) -> None:
        ended = "document.body.classList.contains('-closed')"
        self.until(lambda _: self._wait(self._browser.value(ended)), "the console has left")

    async def _open(self) -> None:
        await self._browser.__aenter__()
        await self._browser.call("Page.enable")
        await self._browser.call("Page.addScriptToEvaluateOnNewDocument", source=HEAR)
        await self._browser.go(self._address)

    def _wait(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(what)
