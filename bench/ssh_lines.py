"""Lines that a host prints, delivered into an asyncio queue: our channel against a pipe to `ssh`, in turn.

    python bench/ssh_lines.py [--lines 300000] [--turns 5]

Both read as much as there is, split it at once and hand the loop one batch. With `--asyncssh` (a Python that has it;
it is never a dependency of ours) its stream is a third one.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))

from sshd_house import Lan, Sshd

from remote.ssh.transport import SshTransport

LINE = '{"t": 1700000000.123, "step": 12345, "epoch": 3, "phase": "train", "loss": 0.1234, "lr": 0.001}'
PIECE = 64 * 1024


def script(lines: int) -> list[str]:
    return ["sh", "-c", f"yes '{LINE}' | head -n {lines}"]


async def counted(queue: "asyncio.Queue[list[bytes] | None]", lines: int) -> float:
    """Lines a second, from the first batch: what it takes to connect is another figure."""
    first = await queue.get()
    assert first is not None
    began, got = time.perf_counter(), len(first)
    while (batch := await queue.get()) is not None:
        got += len(batch)
    assert got == lines, (got, lines)
    return (lines - len(first)) / (time.perf_counter() - began)


async def ours(transport: SshTransport, lines: int) -> float:
    queue: asyncio.Queue[list[bytes] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        channel, rest = transport.open(script(lines)), b""
        while data := channel.recv(PIECE):
            batch = (rest + data).split(b"\n")
            rest = batch.pop()
            loop.call_soon_threadsafe(queue.put_nowait, batch)
        loop.call_soon_threadsafe(queue.put_nowait, None)
        channel.close()

    thread = threading.Thread(target=read)
    thread.start()
    rate = await counted(queue, lines)
    thread.join()
    return rate


async def piped(master: list[str], lines: int) -> float:
    queue: asyncio.Queue[list[bytes] | None] = asyncio.Queue()
    process = await asyncio.create_subprocess_exec(
        *master, script(lines)[2], stdout=asyncio.subprocess.PIPE, limit=PIECE
    )
    assert process.stdout is not None
    stream = process.stdout

    async def read() -> None:
        rest = b""
        while data := await stream.read(PIECE):
            batch = (rest + data).split(b"\n")
            rest = batch.pop()
            queue.put_nowait(batch)
        queue.put_nowait(None)

    task = asyncio.create_task(read())
    rate = await counted(queue, lines)
    await task
    await process.wait()
    return rate


async def theirs(host: Sshd, key: Path, lines: int) -> float:
    import asyncssh

    queue: asyncio.Queue[list[bytes] | None] = asyncio.Queue()
    async with asyncssh.connect(host.address, host.port, client_keys=[str(key)], known_hosts=None, config=None) as link:
        process = await link.create_process(script(lines)[2], encoding=None)

        async def read() -> None:
            rest = b""
            while data := await process.stdout.read(PIECE):
                batch = (rest + data).split(b"\n")
                rest = batch.pop()
                queue.put_nowait(batch)
            queue.put_nowait(None)

        task = asyncio.create_task(read())
        rate = await counted(queue, lines)
        await task
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--asyncssh", action="store_true")
    asked = parser.parse_args()
    lan = Lan(Path(tempfile.mkdtemp(prefix="bench-ssh-")))
    transport = None
    try:
        host = lan.host("bench")
        transport = SshTransport("bench", config_file=str(lan.config))
        transport.connect()
        open_now = transport
        works: dict[str, Callable[[], Awaitable[float]]] = {
            "ssh pipe": lambda: piped(["ssh", "-F", str(lan.config), "bench"], asked.lines),
            "ours": lambda: ours(open_now, asked.lines),
        }
        if asked.asyncssh:
            works["asyncssh"] = lambda: theirs(host, lan.key, asked.lines)
        rates: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(asked.turns):
            for name, work in works.items():
                rates[name].append(asyncio.run(work()))  # type: ignore[arg-type]
        for name, row in rates.items():
            ratios = sorted(mine / other for mine, other in zip(row, rates["ssh pipe"], strict=True))
            print(
                f"{name:10} {statistics.median(row) / 1e3:7.0f} thousand lines/s   "
                f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
            )
        print("goal: 0.6 of the pipe")
    finally:
        if transport is not None:
            transport.close()
        lan.close()


if __name__ == "__main__":
    main()
