"""A watch on a host behind a real sshd: it goes on without the laptop, which follows it; killed, it misses nothing."""

import os
import signal
from pathlib import Path

import pytest
from ssh_laptop import Laptop
from sshd_house import command, until

from console.watch.identity import identity


@pytest.fixture
def laptop(lan):
    return Laptop(lan, lan.host("gpu1"))


def processes(place):
    """Of the watch: what runs with its folder on the command line."""
    numbers = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in numbers if f"{place}/config.toml".encode() in command(pid)]


def failures(notes):
    return [line for line in notes.read_text().splitlines() if "failed" in line]


@pytest.mark.timeout(600)
def test_a_host_watches_while_the_laptop_is_closed(laptop):
    home, notes = laptop.host.home, laptop.host.home / "notes"
    wait = "until [ -e {0}/{1} ]; do sleep 0.1; done; exit 3"
    workers = "".join(
        f'[workers.{name}]\nhost = "far"\ncommand = ["sh", "-c", "{wait.format(home, name)}"]\n' for name in "ab"
    )
    laptop.write(
        f'{workers}[hosts.here]\nroot = "{laptop.folder}/root"\n[hosts.lost]\nssh = "127.0.0.1:1"\n'
        f"[alerts.file]\ncommand = ['sh', '-c', 'printf \"%s\\n\" \"$TRAJ_TITLE $WORD\" >> {notes}']\n"
        '[alerts.night]\nwebhook_env = "NIGHT_URL"\n[alerts.bell]\nterminal = "bell"\n'
    )
    place = home / ".trajconsole" / "watches" / identity(laptop.folder / "state", laptop.config)
    place.mkdir(parents=True)
    (place / "environment").write_text("WORD=psst\n")
    assert laptop.run("start", "a", "b").returncode == 0

    done = laptop.run("watch", "--on", "far", "--every", "1s")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("here is this laptop", "alerts.bell: nobody sees a terminal", "alerts.night needs $NIGHT_URL there",
                  "lost cannot be reached from there", "is watching now; results it syncs lie there"):  # fmt: skip
        assert words in done.stdout, done.stdout
    assert (place / "config.toml").stat().st_mode & 0o077 == 0

    mine = laptop.spawn("watch", "--every", "1s")  # the laptop's own stands back
    until(lambda: "far is watching: this one follows" in laptop.said(), 90)
    assert "watched from far" in laptop.run("status").stdout
    again = laptop.run("watch", "--on", "far")
    assert again.returncode == 0 and "is watching already" in again.stdout, again.stdout
    mine.kill()
    mine.wait()
    (home / "a").touch()
    until(notes.exists, 90)  # no process of the laptop is there
    assert failures(notes) == ["a: it failed psst"]

    for pid in processes(place):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes(place))
    (home / "b").touch()
    laptop.wait("b", lambda row: row["state"] == "failed")
    done = laptop.run("watch", "--on", "far", "--every", "1s")
    assert done.returncode == 0 and "is watching now" in done.stdout, done.stdout
    until(lambda: "b: it failed psst" in notes.read_text(), 90)
    told = failures(notes)  # what was delivered in the moment before the kill may be told again, and nothing else
    assert set(told) == {"a: it failed psst", "b: it failed psst"}

    mine = laptop.spawn("watch", "--every", "1s")
    until(lambda: laptop.said().count("this one follows") == 2, 90)
    stopped = laptop.run("watch", "--on", "far", "--stop")
    assert stopped.returncode == 0 and "gone, verified" in stopped.stdout, stopped.stdout
    assert not processes(place) and not (place / "watch.json").exists()
    until(lambda: "far does not watch any more: taking over" in laptop.said(), 90)
    until(lambda: "synced" in laptop.said().partition("taking over")[2], 90)
    mine.send_signal(signal.SIGINT)
    assert mine.wait(60) == 0
    assert failures(notes) == told  # it knows what was told there
    gone = laptop.run("watch", "--on", "far", "--status")
    assert gone.returncode == 1 and "no watch of this configuration runs there" in gone.stdout, gone.stdout
