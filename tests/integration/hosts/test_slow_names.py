"""Names that are resolved late or never: the other hosts, the screen and quitting do not wait for them."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from machine import REPOSITORY
from name_server import NameServer
from sshd_house import until


@pytest.fixture
def names(tmp_path):
    server = NameServer(tmp_path)
    yield server
    server.close()


class Screen:
    """What the screen's process says, by its first two words."""

    def __init__(self, names, laptop):
        here = Path(__file__).with_name("screen_beside_names.py")
        argv = names.inside(sys.executable, "-u", str(here), str(laptop.config), str(laptop.state))
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            first, second, value = [*line.rstrip("\n").split(" ", 2), ""][:3]
            self.said.setdefault(f"{first} {second}", []).append(value)

    def last(self, what):
        return (self.said.get(what) or [""])[-1]

    def leave(self):
        self.process.stdin.close()
        code = self.process.wait(60)
        self._reader.join()
        self.process.stdout.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        with contextlib.suppress(BrokenPipeError):
            self.leave()


@pytest.fixture
def screen(names, laptop):
    made = []

    def make():
        made.append(Screen(names, laptop))
        return made[-1]

    yield make
    for screen in made:
        screen.close()


def named(bed, laptop, names, alias, name):
    """A host that is known by a name only."""
    host = bed.machine(alias, known=False)
    answered = threading.Event()
    names.names[name] = host.address, answered
    text = bed.config.read_text()
    bed.config.write_text(text.replace(f"HostName {host.address}\n", f"HostName {name}\nConnectTimeout 2\n"))
    bed.know(host.known_line(name))
    laptop.host(alias)
    return answered


def test_a_name_without_an_answer_delays_nobody_and_a_late_one_is_used(bed, laptop, names, screen):
    bed.machine("near")
    laptop.host("near")
    late = named(bed, laptop, names, "late", "late.test")
    never = named(bed, laptop, names, "never", "never.test")
    console = screen()
    until(lambda: {"late.test", "never.test"} <= set(names.asked), 60)
    until(lambda: console.last("near phase") == "connected", 60)
    until(lambda: int(console.last("near seq")) >= 3, 60)
    for host in ("late", "never"):
        until(lambda host=host: any("was not resolved within 2 s" in why for why in console.said[f"{host} why"]), 60)
    keys, seq = int(console.last("screen keys")), int(console.last("near seq"))
    until(lambda: int(console.last("screen keys")) > keys + 2 and int(console.last("near seq")) > seq + 2, 60)
    assert set(console.said["near phase"]) <= {"connecting", "connected"}
    assert names.asked.count("never.test") <= 2, "one question of each kind, however many tries"
    late.set()
    until(lambda: console.last("late phase") == "connected", 60)
    assert console.leave() == 0 and not never.is_set()
