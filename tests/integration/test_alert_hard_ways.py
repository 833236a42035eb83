"""Alerts where the other side behaves worst: no answer that is one, none in time, programs that leave others behind.
And what a real terminal gets, also through a real tmux.
"""

import contextlib
import os
import pty
import select
import shlex
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from console.alerts import outbox as boxes
from console.alerts import ways
from console.alerts.book import Alert
from console.alerts.notices import Notice
from console.alerts.outbox import Outbox
from console.config import AlertConfig

REPOSITORY = Path(__file__).parents[2]
ALERT = Alert(Notice("k", "a", "it broke; really", "proof\x1b]52;c;x\a", "mend", "error"), 1.0, 1.0)


class Rude:
    """A server that says what it is told to, a byte at a time."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self.says, self.pause = b"", 0.0
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/token"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection):
        connection.recv(65536)
        for byte in self.says:
            if self.pause and self._stop.wait(self.pause):
                return
            try:
                connection.send(bytes([byte]))
            except OSError:
                return
        connection.settimeout(5.0)
        with contextlib.suppress(OSError):  # what is left unread would be a reset, not an end
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    def close(self):
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def rude():
    server = Rude()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(boxes, "PAUSES", (0.05,))
    monkeypatch.setattr(ways, "TIMEOUT_S", 1.0)


def problem(config):
    with pytest.raises(ways.Undelivered) as found:
        ways.way_of(config)(ALERT)
    assert "token" not in str(found.value) and not found.value.final
    return str(found.value)


def test_an_answer_that_is_none_is_tried_again_and_the_outbox_lives(rude, tmp_path):
    rude.says = b"SSH-2.0-OpenSSH_9.0\r\n"
    assert "127.0.0.1 does not answer as a web server" in problem(AlertConfig(webhook=rude.address))
    told = []
    box = Outbox("w", AlertConfig(webhook=rude.address), tmp_path, told.append)
    box.start()
    box.put(replace(ALERT, time=time.time()))
    box.deliver()
    end = time.monotonic() + 60
    while not told and time.monotonic() < end:
        time.sleep(0.01)
    rude.says = b"HTTP/1.0 204 No Content\r\n\r\n"
    while box.left and time.monotonic() < end:
        time.sleep(0.01)
    assert box.left == 0 and "trying again" in told[0]
    box.close()


def test_a_server_that_drips_is_given_up(rude):
    rude.says, rude.pause = (
        b"HTTP/1.0 200 OK" + b"k" * 400,
        0.3,
    )  # no single wait is long
    assert "not in time" in problem(AlertConfig(webhook=rude.address))


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path):
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    assert problem(AlertConfig(command=("sh", "-c", script))) == "sh: did not end within 1 s"
    pid = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < end
        time.sleep(0.01)


SEND = """
from console.alerts.ways import Undelivered, way_of
from console.alerts.book import Alert
from console.alerts.notices import Notice
from console.config import AlertConfig
import sys
notice = Notice("k", "a", "it broke; really", "proof\\x1b]52;c;x\\a", "mend", "error")
try:
    way_of(AlertConfig(terminal=sys.argv[1]))(Alert(notice, 1.0, 1.0))
except Undelivered as problem:
    print(problem)
print("was " + "sent")
"""


def seen(argv, wanted, env, seconds=60.0):
    """What a terminal gets of a program until it has `wanted`."""
    pid, handle = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, env)
    data, end = b"", time.monotonic() + seconds
    try:
        while wanted not in data and time.monotonic() < end:
            if select.select([handle], [], [], 0.2)[0]:
                data += os.read(handle, 65536)
    except OSError:  # the program has ended
        pass
    finally:
        os.close(handle)
        os.waitpid(pid, 0)
    return data


WORDS = b"a: it broke, really proof \xe2\x86\x92 mend"
SEQUENCES = {"bell": b"\a", "osc9": b"\x1b]9;" + WORDS + b"\a"}
SEQUENCES["osc777"] = b"\x1b]777;notify;a: it broke, really;" + WORDS + b"\a"
ENV = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("kind", SEQUENCES)
def test_a_terminal_gets_its_sequence(kind, tmp_path):
    (tmp_path / "send.py").write_text(SEND)
    env = {name: value for name, value in ENV.items() if name != "TMUX"}
    data = seen([sys.executable, str(tmp_path / "send.py"), kind], b"was sent", env)
    assert SEQUENCES[kind] in data and b"]52" not in data


@pytest.mark.parametrize("let", ["on", "off"])
def test_through_a_real_tmux(let, tmp_path):
    (tmp_path / "send.py").write_text(SEND)
    (tmp_path / "conf").write_text(f"set -g allow-passthrough {let}\nset -g remain-on-exit on\nset -g status off\n")
    tmux = ["tmux", "-S", str(tmp_path / "s"), "-f", str(tmp_path / "conf")]
    command = shlex.join([sys.executable, str(tmp_path / "send.py"), "osc9"])
    try:
        data = seen([*tmux, "new-session", "-x", "100", "-y", "20", command], b"was sent", ENV)
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)
    assert (SEQUENCES["osc9"] in data) is (let == "on"), data
    assert (b"tmux set -g allow-passthrough on" in data) is (let == "off")
