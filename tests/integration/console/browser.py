"""A real Chromium without a window, driven over its own debugging protocol; ended with everything that it started."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"]  # fmt: skip


class Browser:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self.process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> "Browser":
        assert CHROMIUM
        argv = [CHROMIUM, *_FLAGS, f"--user-data-dir={self._folder}", "--window-size=1000,640", "about:blank"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
        port_file = self._folder / "DevToolsActivePort"
        async with asyncio.timeout(30):
            while not port_file.exists() or "\n" not in port_file.read_text():
                await asyncio.sleep(0.05)
        port = port_file.read_text().split()[0]
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = await answer.json()
        target = next(page for page in pages if page["type"] == "page")
        self._socket = await self._session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        self.kill()

    async def call(self, method: str, **params: object) -> dict:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(30):
            while True:
                answer = json.loads((await self._socket.receive()).data)
                if answer.get("id") == number:
                    assert "error" not in answer, answer
                    return answer["result"]

    async def go(self, url: str) -> None:
        await self.call("Page.navigate", url=url)

    async def key(self, name: str, text: str | None = None, code: int = 0) -> None:
        """A key by its name on a web page; the text that it writes, if that is another; its old number."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": name if text is None else text} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, **more)

    async def value(self, script: str) -> object:
        return (await self.call("Runtime.evaluate", expression=script, returnByValue=True))["result"].get("value")

    async def picture(self) -> bytes:
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    def kill(self) -> None:
        """As when the machine it runs on dies."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
