"""The screen in a browser: who gets in, what is drawn, and that no console outlives its browser or its server."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from browser import CHROMIUM, Browser
from console_house import House

TOKEN = "a-token-of-the-tests-0123"


class Served:
    """`trajconsole serve` as a process."""

    def __init__(self, house: House) -> None:
        house.env["TRAJCONSOLE_TOKEN"] = TOKEN
        argv = [sys.executable, "-m", "console", "--config", str(house.config), "serve", "--port", "0", "--most", "2"]
        none, pipe = subprocess.DEVNULL, subprocess.PIPE
        self.process = subprocess.Popen(argv, env=house.env, stdin=none, stdout=pipe, stderr=none, cwd=house.folder)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().strip()
        self.base = self.address.partition("?")[0]

    def consoles(self) -> list[int]:
        """The processes that draw."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                ours = b"console" in words and str(self.config).encode() in words and b"serve" not in words
                if ours and parent in (self.process.pid, 1):
                    found.append(int(entry.name))
        return found

    config: Path

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def served(house):
    pytest.importorskip("textual_serve")
    house.write(house.worker("slow", "exec sleep 1000\n"))
    served = Served(house)
    served.config = house.config
    yield served
    served.close()
    assert served.consoles() == []


async def until(condition, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def socket_of(served, *, token=TOKEN, origin=None, host=None):
    """As the page opens it."""
    own = served.base.rstrip("/")
    headers = {"Origin": origin or own, "Cookie": f"trajconsole={token}", **({"Host": host} if host else {})}
    address = f"{own}/ws?width=100&height=30"
    async with aiohttp.ClientSession() as session, session.ws_connect(address, headers=headers) as socket:
        yield socket


async def drawn(socket, words: str) -> str:
    """What came until these words did."""
    text = ""
    async with asyncio.timeout(30):
        while words not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text):
            text += (await socket.receive()).data.decode()
    return text


async def test_only_who_holds_the_token_gets_in(served):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(served.base) as answer:
            assert answer.status == 403 and TOKEN not in await answer.text()
        async with session.get(f"{served.base}?token=wrong") as answer:
            assert answer.status == 403
        async with session.get(served.address, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert answer.status == 302 and "HttpOnly" in cookie and TOKEN in cookie
        known = {"Cookie": f"trajconsole={TOKEN}"}
        async with session.get(served.base, headers=known) as answer:
            page = await answer.text()
            assert answer.status == 200 and "default-src 'self'" in answer.headers["Content-Security-Policy"]
            assert "googleapis" not in page and not re.findall(r"(?:src|href)=\"https?:", page)
        async with session.get(served.base, headers={**known, "Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with session.get(f"{served.base}static/js/textual.js") as answer:
            assert answer.status == 403
    for more in ({"origin": "http://evil.example"}, {"token": "wrong"}, {"host": "evil.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with socket_of(served, **more):
                pass
    assert served.consoles() == []


async def test_the_same_screen_keys_and_size_and_q_ends_it(served):
    async with socket_of(served) as socket:
        await drawn(socket, "WORKERS")
        assert len(served.consoles()) == 1
        await socket.send_json(["resize", {"width": 120, "height": 40}])
        await socket.send_json(["nonsense"])
        await socket.send_str("no json")
        await socket.send_json(["stdin", "?"])
        await drawn(socket, "save a checkpoint")
        await socket.send_json(["stdin", "qq"])
        async with asyncio.timeout(30):
            while (await socket.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                pass
    await until(lambda: not served.consoles())


async def test_only_so_many_browsers_and_each_console_ends_with_its_own(served):
    async with socket_of(served) as one:
        await drawn(one, "WORKERS")
        async with socket_of(served) as two:
            await drawn(two, "WORKERS")
            async with socket_of(served) as three:
                assert b"2 browsers look already" in (await three.receive()).data
            assert len(served.consoles()) == 2
        await until(lambda: len(served.consoles()) == 1)
    await until(lambda: not served.consoles())


async def test_a_stopped_console_is_ended_all_the_same(served):
    async with socket_of(served) as socket:
        await drawn(socket, "WORKERS")
        (pid,) = served.consoles()
        os.kill(pid, signal.SIGSTOP)
    await until(lambda: not served.consoles())


async def test_a_server_that_is_killed_leaves_no_console(served):
    with contextlib.suppress(aiohttp.ClientError):
        async with socket_of(served) as socket:
            await drawn(socket, "WORKERS")
            assert len(served.consoles()) == 1
            served.process.kill()
            served.process.wait()
            await until(lambda: not served.consoles())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--address", "gpu1"], "is no address"),
        (["--port", "99999"], "between 0 and 65535"),
        (["--address", "192.0.2.1", "--port", "0"], "cannot listen"),
    ],
)
def test_wrong_use_is_one_line(house, options, words):
    house.write("")
    done = house.run("serve", *options)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: sudo apt-get install -y chromium")
async def test_in_a_real_browser_a_worker_is_started_and_a_killed_browser_leaves_nothing(served, house, tmp_path):
    async with Browser(tmp_path / "profile") as browser:
        await browser.go(served.address)
        await until(lambda: len(served.consoles()) == 1)
        async with asyncio.timeout(30):
            while not await browser.value("document.body.classList.contains('-first-byte')"):
                await asyncio.sleep(0.1)
        assert await browser.value("location.search") == "", "the token stays in the address"
        before = await browser.picture()
        await until_true(lambda: changed(browser, before))
        await until_true(lambda: browser.value("document.activeElement.className === 'xterm-helper-textarea'"))
        await browser.key("s")
        await until(lambda: list((house.root / "runs").glob("slow-*")), 60)
        if folder := os.environ.get("TRAJCONSOLE_PICTURES"):
            await asyncio.sleep(2)
            (Path(folder) / "serve.png").write_bytes(await browser.picture())
        browser.kill()
        await until(lambda: not served.consoles())
    house.run("kill", "slow")


async def changed(browser: Browser, before: bytes) -> bool:
    return await browser.picture() != before


async def until_true(ask, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not await ask():
            await asyncio.sleep(0.1)
