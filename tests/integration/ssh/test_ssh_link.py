"""The link over real sshd: six ways to lose a server, and every byte of a log once."""

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from sshd_house import children, command, until

from remote.events import Chunk, LinkState, Synced
from remote.launcher import KILL, Launch
from remote.link import Link, Timing
from remote.tmux import TmuxLauncher
from remote.watch import Watch, Watched

QUICK = Timing(heartbeat=0.5, first_word=5.0, first_retry=0.01, longest_retry=0.2, settled=0.2)


class Heard:
    """Keeps streams as the console does, and all else."""

    def __init__(self):
        self.logs, self.events, self.changed = {}, [], threading.Condition()

    def __call__(self, batch):
        with self.changed:
            for event in batch:
                if isinstance(event, Chunk):
                    inode, data = self.logs.get(event.folder, (event.inode, b""))
                    if event.reset:
                        inode, data = event.inode, b""
                    assert (event.inode, event.start) == (inode, len(data)), "a byte was lost or came twice"
                    self.logs[event.folder] = inode, data + event.data
            self.events += batch
            self.changed.notify_all()

    def offsets(self):
        with self.changed:
            return {folder: {"log": (inode, len(data))} for folder, (inode, data) in self.logs.items()}

    def phases(self):
        return [event.phase for event in self.events if isinstance(event, LinkState)]

    def wait(self, condition, seconds=60.0):
        with self.changed:
            assert self.changed.wait_for(condition, seconds), self.events[-5:]


@pytest.fixture
def linked(lan, ssh, tmp_path):
    host = lan.host("gpu1")
    root = tmp_path / "root"
    (root / "runs/a").mkdir(parents=True)
    heard = Heard()
    watch = Watch(str(root), (Watched("runs", (), ("log",)),))
    link = Link(ssh("gpu1"), watch, heard.offsets, heard, python=sys.executable, timing=QUICK)
    link.start()
    yield link, host, heard, root
    link.close()
    until(lambda: not any(b"-u" in command(pid) for pid in host.sessions), 60)  # no probe outlives its lease


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_lost_server_is_noticed_and_reached_again(linked, number):
    _, host, heard, _ = linked
    heard.wait(lambda: Synced() in heard.events)
    host.harm(number)
    heard.wait(lambda: heard.phases().count("connected") == 2)
    assert ("stale" in heard.phases()) == (number == signal.SIGSTOP)
    if number == signal.SIGSTOP:
        (stale,) = [event for event in heard.events if isinstance(event, LinkState) and event.phase == "stale"]
        silent = float(stale.detail.split()[-2])
        assert silent <= QUICK.heartbeat * QUICK.missed + 1


def test_a_server_that_was_away_comes_back(linked):
    _, host, heard, _ = linked
    heard.wait(lambda: Synced() in heard.events)
    host.stop()
    heard.wait(lambda: "unreachable" in heard.phases())
    host.start()
    heard.wait(lambda: heard.phases().count("connected") == 2)


def harmed(linked, seed, harms):
    _, host, heard, root = linked
    chance, size = random.Random(seed), 40_000 * harms
    content = b"".join(b"%d %d\n" % (number, chance.getrandbits(40)) for number in range(size // 16))
    over = threading.Event()

    def write():
        with (root / "runs/a/log").open("ab", buffering=0) as file:
            for start in range(0, len(content), 3_001):
                file.write(content[start : start + 3_001])
                time.sleep(0.6 * harms / (len(content) / 3_001))
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not over.is_set():
        time.sleep(chance.uniform(0.1, 0.9))
        host.harm(chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)))
    writer.join()
    heard.wait(lambda: len(heard.logs.get("runs/a", (0, b""))[1]) >= len(content), 120)
    assert heard.logs["runs/a"][1] == content


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_arrives_byte_for_byte_whatever_happens_to_the_connection(linked, seed):
    harmed(linked, seed, 6)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_log_arrives_byte_for_byte_over_ssh_for_a_long_time(linked, seed):
    harmed(linked, seed, 30)


def test_a_run_is_started_listed_and_ended_over_ssh(lan, ssh):
    host = lan.host("gpu1")
    launcher = TmuxLauncher(ssh("gpu1"), "trajconsole-test")
    launch = Launch("~/it's here", "a-1", "a", ("sleep", "1000"), files={"run.toml": b"x = 1\n"})
    assert not launcher.start(launch).already
    assert launcher.start(launch).already
    folder = host.home / "it's here/runs/a-1"
    pid = json.loads((folder / "launch.json").read_text())["pid"]
    assert [session.name for session in launcher.sessions()] == ["a"] and Path(f"/proc/{pid}").exists()
    last = list(launcher.stop("~/it's here", "a-1", "a", KILL))[-1]
    assert last.gone and not Path(f"/proc/{pid}").exists()
    assert json.loads((folder / "exit.json").read_text())["signal"] == 9
    assert not [pid for pid in children(os.getpid()) if b"sleep\x001000" in command(pid)]
