"""The stop ladder with real processes: as gentle as possible, as hard as needed, and true at the end."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from remote.launcher import KILL, Launch, Rung
from remote.local import LocalTransport
from remote.tmux import TmuxLauncher

SHORT = (Rung("stop", 0.4), Rung("INT", 0.4), Rung("TERM", 0.4), Rung("KILL", 8.0))
PATIENT = (Rung("stop", 30.0), Rung("INT", 30.0), Rung("TERM", 30.0), Rung("KILL", 8.0))


@pytest.fixture
def launcher():
    socket = f"t{uuid.uuid4().hex[:8]}"
    yield TmuxLauncher(LocalTransport(), socket)
    subprocess.run(["tmux", "-L", socket, "kill-server"], check=False, capture_output=True)
    Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}", socket).unlink(missing_ok=True)


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return condition()


def start(launcher, root, code, run="a-1"):
    """A Python program; returns its folder when it has said "ready"."""
    launcher.start(Launch(str(root), run, "a", (sys.executable, "-c", code)))
    folder = Path(root, "runs", run)
    until(lambda: (folder / "train.log").exists() and "ready" in (folder / "train.log").read_text())
    return folder


def exit_record(folder):
    return json.loads((folder / "exit.json").read_text())


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_who_looks_for_the_stop_file_is_stopped_by_it(launcher, tmp_path):
    code = "import os, time\nprint('ready')\nwhile not os.path.exists('stop'): time.sleep(0.02)\nprint('clean')"
    folder = start(launcher, tmp_path, code)
    steps = list(launcher.stop(str(tmp_path), "a-1", "a", PATIENT))
    assert steps[-1].gone and {step.rung for step in steps} == {"stop"}
    assert 29.0 < steps[0].next_in <= 30.0 and steps[0].left
    assert exit_record(folder)["code"] == 0 and "clean" in (folder / "train.log").read_text()


def test_who_handles_int_ends_with_it_once(launcher, tmp_path):
    code = (
        "import signal, sys, time\n"
        "count = []\n"
        "signal.signal(2, lambda *_: count.append(1))\n"
        "print('ready')\n"
        "while not count: time.sleep(0.02)\n"
        "time.sleep(1.5)\n"
        "print('interrupts', len(count)); sys.exit(7)"
    )
    folder = start(launcher, tmp_path, code)
    steps = list(launcher.stop(str(tmp_path), "a-1", "a", (Rung("stop", 0.2), Rung("INT", 30.0))))
    assert steps[-1] == type(steps[-1])("INT", gone=True)
    assert exit_record(folder)["code"] == 7 and "interrupts 1\n" in (folder / "train.log").read_text()


STUBBORN = """
import os, signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
child = os.fork()
if child == 0:
    os.setsid()  # a group and session of its own
    grandchild = os.fork()
    if grandchild:
        print("children", os.getpid(), grandchild, flush=True)
        os._exit(0)  # the grandchild is an orphan
    time.sleep(1000)
os.waitpid(child, 0)
print("ready", os.getpid())
time.sleep(1000)
"""


def test_who_ignores_everything_is_killed_with_its_runaway_children(launcher, tmp_path):
    folder = start(launcher, tmp_path, STUBBORN)
    words = (folder / "train.log").read_text().split()
    grandchild, main = int(words[2]), int(words[-1])
    assert lives(grandchild) and lives(main)
    steps = list(launcher.stop(str(tmp_path), "a-1", "a", SHORT))
    assert [rung for rung in ("stop", "INT", "TERM", "KILL") if rung in {step.rung for step in steps}] == [
        *("stop", "INT", "TERM", "KILL")
    ]
    assert steps[-1].gone and not steps[-1].left
    assert {grandchild, main} <= set(steps[0].left)
    assert not lives(grandchild) and not lives(main)
    assert exit_record(folder)["signal"] == 9  # launch.sh lived to write it
    countdown = [step.next_in for step in steps if step.rung == "stop"]
    assert countdown == sorted(countdown, reverse=True)


def test_killing_is_quick_and_recorded(launcher, tmp_path):
    folder = start(launcher, tmp_path, "import time; print('ready'); time.sleep(1000)")
    steps = list(launcher.stop(str(tmp_path), "a-1", "a", KILL))
    assert steps[-1].gone and len(steps) <= 3
    assert exit_record(folder)["signal"] == 9 and launcher.sessions() == ()
    assert not (folder / "stop").exists()


def test_an_orphan_of_a_dead_launch_sh_is_found_and_runs_once(launcher, tmp_path):
    folder = start(launcher, tmp_path, "import os, time; print('ready', os.getpid()); time.sleep(1000)")
    leader = json.loads((folder / "launch.json").read_text())["pid"]
    orphan = int((folder / "train.log").read_text().split()[1])
    os.kill(leader, 9)
    until(lambda: launcher.sessions() == ())
    if lives(orphan):  # the hangup of the terminal may have ended it
        assert launcher.start(Launch(str(tmp_path), "a-2", "a", ("true",))).already
    steps = list(launcher.stop(str(tmp_path), "a-1", "a", KILL))
    assert steps[-1].gone and not lives(orphan)


def test_what_has_ended_already_is_gone_at_once_and_gets_no_stop_file(launcher, tmp_path):
    launcher.start(Launch(str(tmp_path), "a-1", "a", ("true",)))
    until(lambda: (tmp_path / "runs/a-1/exit.json").exists() and launcher.sessions() == ())
    (step,) = launcher.stop(str(tmp_path), "a-1", "a")
    assert step.gone and not (tmp_path / "runs/a-1/stop").exists()
    (step,) = launcher.stop(str(tmp_path), "never-was", "a")
    assert step.gone


def test_a_ladder_that_is_too_short_names_who_is_left(launcher, tmp_path):
    folder = start(launcher, tmp_path, STUBBORN)
    main = int((folder / "train.log").read_text().split()[-1])
    steps = list(launcher.stop(str(tmp_path), "a-1", "a", (Rung("INT", 0.2),)))
    assert not steps[-1].gone and main in steps[-1].left and "do not end" in steps[-1].detail
    assert list(launcher.stop(str(tmp_path), "a-1", "a", KILL))[-1].gone


def test_another_run_beside_it_is_not_touched(launcher, tmp_path):
    start(launcher, tmp_path, "import time; print('ready'); time.sleep(1000)")
    launcher.start(Launch(str(tmp_path), "b-1", "b", ("sleep", "1000")))
    assert list(launcher.stop(str(tmp_path), "a-1", "a", KILL))[-1].gone
    assert [session.run for session in launcher.sessions()] == ["b-1"]
