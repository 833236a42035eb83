"""One console process behind one browser. It is begun in a group of its own, and ended for certain."""

import asyncio
import contextlib
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence

PATIENCE_S = 5.0  # for each of: its own end, SIGTERM
MOST = 1 << 20  # bytes typed or pasted at once
READY = b"__GANGLION__\n"  # what the driver says before its first packet

Hear = Callable[[bytes], Awaitable[None]]


class Seat:
    """`run` hands on what the console draws until it ends; `close` ends it."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = tuple(argv)
        self._process: Process | None = None
        self.said = b""  # its last words on stderr

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def begin(self, width: int, height: int) -> None:
        env = {
            **{key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TEXTUAL")},
            "TEXTUAL_DRIVER": "console.serving.driver:SeatDriver",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM_PROGRAM": "textual",
            "COLUMNS": str(width),
            "ROWS": str(height),
        }
        self._process = await asyncio.create_subprocess_exec(
            *self._argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, start_new_session=True
        )

    async def run(self, hear: Hear) -> None:
        """Until the console leaves."""
        assert self._process is not None and self._process.stdout is not None and self._process.stderr is not None
        out = self._process.stdout
        words = asyncio.create_task(self._process.stderr.read(64 * 1024))
        try:
            while (line := await out.readline()) and line != READY:
                continue
            while True:
                head = await out.readexactly(5)
                data = await out.readexactly(int.from_bytes(head[1:], "big"))
                if head[:1] == b"D":
                    await hear(data)
                elif head[:1] == b"M" and json.loads(data).get("type") == "exit":
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            with contextlib.suppress(TimeoutError):
                self.said = await asyncio.wait_for(words, 0.5)

    async def type(self, text: str) -> None:
        await self._send(b"D", text.encode("utf-8", "replace")[:MOST])

    async def tell(self, kind: str, **more: int) -> None:
        """focus, blur, resize, quit"""
        await self._send(b"M", json.dumps({"type": kind, **more}).encode())

    async def close(self) -> None:
        """Ask, then INT its group, then KILL: when this returns, no process of it is left."""
        process = self._process
        if process is None:
            return
        await self.tell("quit")
        with contextlib.suppress(OSError, RuntimeError):
            assert process.stdin is not None
            process.stdin.close()
        drained = asyncio.create_task(self._drain(process))  # a full pipe must not keep it from ending
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), PATIENCE_S)
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        await process.wait()
        drained.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it had started

    async def _drain(self, process: Process) -> None:
        assert process.stdout is not None
        with contextlib.suppress(Exception):
            while await process.stdout.read(64 * 1024):
                continue

    async def _send(self, kind: bytes, data: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError, RuntimeError):
            self._process.stdin.write(kind + len(data).to_bytes(4, "big") + data)
            await self._process.stdin.drain()
