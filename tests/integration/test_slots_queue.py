"""The queue for GPUs with real sessions, real locks and the real pynvml over a driver library that we have built."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from console.deeds.queueing import Place, await_place, queued
from remote.bundle import script
from remote.launcher import Launch
from remote.local import LocalTransport
from remote.slots.parts import Parts
from remote.tmux import TmuxLauncher

STUB = Path(__file__).parents[1] / "data" / "nvml" / "stub.c"

# Holds each of its GPUs through a file that nobody else may hold, and writes down what it had.
WORK = """
import fcntl, json, os, sys, time
seen, until = sys.argv[1:]
gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
files = [open(os.path.join(seen, "in-use-" + gpu), "w") for gpu in gpus.split(",") if gpu]
try:
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    open(os.path.join(seen, "two-at-once-" + str(os.getpid())), "w").close()
with open(os.path.join(seen, "order"), "a") as file:
    run = os.path.basename(os.environ["TRAJ_RUN_DIR"])
    file.write(json.dumps({"run": run, "gpus": gpus, "pid": os.getpid()}) + "\\n")
while until == "told" and not os.path.exists(os.path.join(seen, "go")):
    time.sleep(0.05)
time.sleep(0.2 if until == "told" else float(until))
"""


@pytest.fixture
def launcher():
    name = f"t{uuid.uuid4().hex[:8]}"
    yield TmuxLauncher(LocalTransport(), name)
    subprocess.run(["tmux", "-L", name, "kill-server"], check=False, capture_output=True)
    Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}", name).unlink(missing_ok=True)


@pytest.fixture
def driver(tmp_path):
    """Environment of a host with three GPUs."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler for the driver's stand-in")
    library = tmp_path / "driver"
    library.mkdir()
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library / "libnvidia-ml.so.1", STUB], check=True)
    (library / "state").write_text("3 ok")
    return {"LD_LIBRARY_PATH": str(library), "NVML_STUB": str(library / "state")}


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


class House:
    """Workers of one host."""

    def __init__(self, launcher, root, environment):
        self.launcher, self.root, self.environment = launcher, root, environment
        self.seen = root / "seen"
        self.seen.mkdir(parents=True)

    def start(self, name, place, until="0.2", argv=None, env=None):
        work = argv or (sys.executable, "-c", WORK, str(self.seen), until)
        launch = Launch(str(self.root), f"{name}-1", name, work, env={**self.environment, **(env or {})})
        self.launcher.start(queued(launch, place, sys.executable))
        if place:
            await_place(LocalTransport(), str(self.root / "runs" / f"{name}-1"))

    def document(self, name, file):
        path = self.root / "runs" / f"{name}-1" / file
        return json.loads(path.read_text()) if path.exists() else {}

    def status(self, name):
        return self.document(name, "status.json")

    def code(self, name):
        return self.document(name, "exit.json").get("code")

    def order(self):
        path = self.seen / "order"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def go(self):
        (self.seen / "go").touch()

    def log(self, name):
        return (self.root / "runs" / f"{name}-1" / "train.log").read_text()


@pytest.fixture
def house(launcher, tmp_path, driver):
    return House(launcher, tmp_path, driver)


def living(house, names, killed, chance):
    """One that waits or works, and its pid; None when all are between that or over."""
    working = {item["run"][:-2]: item["pid"] for item in house.order()}
    left = [name for name in names if name not in killed and house.code(name) is None]
    pids = {name: house.status(name).get("pid") or working.get(name) for name in left}
    known = [name for name in left if pids[name]]
    who = chance.choice(known) if known else None
    return who and (who, pids[who])


def twenty(house, seed):
    chance = random.Random(seed)
    names = [f"w{number:02}" for number in range(20)]
    killed = set()
    for number, name in enumerate(names):
        house.start(name, Place(gpus=2 if number % 5 == 4 else 1), until="1")
        if number % 3 == 2:  # whoever it is: one that waits, or one that works
            who, pid = until(lambda number=number: living(house, names[: number + 1], killed, chance))
            with contextlib.suppress(ProcessLookupError):  # its end was quicker
                os.kill(pid, signal.SIGKILL)
                killed.add(who)
    until(lambda: all(house.code(name) is not None for name in names), 120)
    assert not [path.name for path in house.seen.iterdir() if path.name.startswith("two-at-once")]
    ran = [item["run"][:-2] for item in house.order()]
    assert len(ran) == len(set(ran))
    assert killed
    lost = [name for name in names if house.code(name) != 0 and name not in killed]
    assert not lost
    assert set(ran) >= set(names) - killed
    wide = [item["gpus"].split(",") for item in house.order() if int(item["run"][1:3]) % 5 == 4]
    assert all(len(set(gpus)) == 2 for gpus in wide)


def test_twenty_workers_on_three_gpus_and_random_kills(house):
    twenty(house, 20)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_twenty_workers_on_three_gpus_and_random_kills_with_other_seeds(house, seed):
    twenty(house, seed)


def test_the_order_is_the_one_of_the_start_and_a_wide_one_is_not_passed_over(house):
    house.start("first", Place(gpus=2), until="told")
    until(house.order)
    house.start("wide", Place(gpus=3))
    house.start("narrow", Place(gpus=1))  # one is free, and it is not its turn
    until(lambda: "1 ahead" in house.status("narrow").get("message", ""))
    until(lambda: "1 of 3 GPUs free" in house.status("wide").get("message", ""))
    assert house.status("wide")["state"] == "queued"
    house.go()
    until(lambda: house.code("narrow") == 0)
    assert [item["run"] for item in house.order()] == ["first-1", "wide-1", "narrow-1"]
    assert house.status("wide") == {}  # the command speaks for itself from then on
    events = [json.loads(line) for line in (house.root / "runs/wide-1/events.jsonl").read_text().splitlines()]
    assert [item["event"] for item in events] == ["queued", "left the queue"] and len(events[1]["gpus"]) == 3


def test_shares_go_together_and_whole_ones_stay_whole(house):
    for name in ("a", "b"):
        house.start(name, Place(gpus=0.5), until="told")
        until(lambda name=name: name in {item["run"][0] for item in house.order()})
    house.start("whole", Place(gpus=2))
    until(lambda: house.code("whole") == 0)
    house.go()
    shown = {item["run"][:-2]: item["gpus"] for item in house.order()}
    assert shown["a"] == shown["b"] == "GPU-0" and shown["whole"] == "GPU-1,GPU-2"


def test_a_strangers_gpu_is_left_alone(house):
    Path(house.environment["NVML_STUB"]).write_text(f"3 ok {os.getpid()}")  # this process computes on GPU 0
    house.start("modest", Place(gpus=2))
    house.start("all", Place(gpus=3))
    until(lambda: house.code("modest") == 0)
    assert house.order()[0]["gpus"] == "GPU-1,GPU-2"
    said = until(lambda: house.status("all").get("message", "").partition("waits for 3 GPUs: ")[2])
    assert f"GPU 0: process {os.getpid()} of" in said
    Path(house.environment["NVML_STUB"]).write_text("3 ok")
    until(lambda: house.code("all") == 0)


def test_after_another_on_success_and_on_any_end(house):
    wait = f"until [ -e {house.root}/go ]; do sleep 0.1; done"
    house.start("good", Place(), argv=("sh", "-c", wait))
    house.start("bad", Place(), argv=("sh", "-c", f"{wait}; exit 3"))
    house.start("then", Place(gpus=1, after=("good=good-1",)))
    house.start("never", Place(gpus=1, after=("good", "bad")))
    house.start("anyway", Place(after=("bad",), any_end=True))
    assert until(lambda: house.status("then").get("message")) == "waits for good to end"
    (house.root / "go").touch()
    for name, code in (("then", 0), ("anyway", 0), ("never", 1)):
        assert until(lambda name=name: house.code(name) is not None) and house.code(name) == code
    assert house.status("never")["state"] == "failed"
    assert house.status("never")["reason"] == "it was to begin after bad ended otherwise: exit code 3"
    assert {item["run"] for item in house.order()} == {"then-1", "anyway-1"}


def test_one_that_waits_can_be_stopped_and_holds_nobody_up(house):
    house.start("first", Place(gpus=3), until="told")
    house.start("second", Place(gpus=1))
    until(lambda: house.status("second").get("state") == "queued")
    house.start("third", Place(gpus=1))
    steps = list(house.launcher.stop(str(house.root), "second-1", "second"))
    house.go()
    assert steps[-1].gone and house.code("second") == 0 and house.status("second")["state"] == "stopped"
    until(lambda: house.code("third") == 0)


def test_of_one_lane_so_many_run_at_once_and_a_killed_one_keeps_no_place(house):
    work = (
        f'cd {house.seen}; echo "$TRAJ_RUN_DIR" >> order; : > "in-$$"; set -- in-*; echo $# >> counts; '
        'until [ -e go ]; do sleep 0.1; done; rm "in-$$"'
    )
    names = [f"s{number}" for number in range(7)]
    for name in names:
        house.start(name, Place(lane="rates", at_once=2), argv=("sh", "-c", work))
    house.start("other", Place(lane="others", at_once=1), argv=("sh", "-c", "exit 0"))
    victim = until(lambda: next((n for n in names if "ahead of it" in house.status(n).get("message", "")), None))
    with contextlib.suppress(ProcessLookupError):
        os.kill(house.status(victim)["pid"], signal.SIGKILL)
    house.go()
    until(lambda: all(house.code(name) is not None for name in [*names, "other"]), 120)
    assert house.code("other") == 0 and [house.code(name) for name in names if name != victim] == [0] * 6
    ran = [Path(line).name[:-2] for line in (house.seen / "order").read_text().split()]
    assert sorted(set(ran) | {victim}) == names
    assert set((house.seen / "counts").read_text().split()) <= {"1", "2"}


def test_what_can_never_be_is_said_at_once(house):
    house.start("greedy", Place(gpus=4))
    house.start("allowed", Place(gpus=2), env={"CUDA_VISIBLE_DEVICES": "1"})
    house.start("typo", Place(gpus=1), argv=("no-such-program",))
    for name in ("greedy", "allowed", "typo"):
        assert until(lambda name=name: house.code(name) is not None) and house.code(name) == 1
    assert house.status("greedy")["reason"] == "it wants 4 GPUs, and this host has 3"
    assert "this host has 1 that its environment allows (1)" in house.log("allowed")
    assert "cannot run no-such-program" in house.log("typo")


def test_gpus_for_a_moment_are_had_only_when_they_are_free_and_nobody_waits(house):
    """What a check before a start asks for."""
    path = house.root / "slots.py"
    path.write_bytes(script("remote.slots", "remote.probe"))

    def now(gpus):
        work = [sys.executable, "-c", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"]
        argv = [sys.executable, "-B", str(path), "--gpus", str(gpus), "--now", "--", *work]
        environment = {**os.environ, **house.environment, "TRAJ_RUN_DIR": str(house.root / "runs" / "check-1")}
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=120)

    done = now(1)
    assert (done.returncode, done.stdout) == (0, "GPU-0\n"), done.stderr
    house.start("first", Place(gpus=2), until="told")
    until(house.order)
    assert now(1).stdout == "GPU-2\n"
    done = now(2)
    assert done.returncode == 75 and done.stderr == "waits for 2 GPUs: 1 of 3 GPUs free\n"
    house.start("wide", Place(gpus=3))
    until(lambda: "1 of 3 GPUs free" in house.status("wide").get("message", ""))
    done = now(1)
    assert done.returncode == 75 and "1 ahead of it" in done.stderr, "it was not its turn"
    assert now(4).returncode == 1
    house.go()
    until(lambda: house.code("wide") == 0)
    assert not (house.root / "runs" / "check-1").exists()


def test_two_roots_share_a_queue_by_a_folder_of_both(house, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    other = House(house.launcher, tmp_path / "other", {**house.environment, "TRAJ_SLOTS": str(shared)})
    house.environment["TRAJ_SLOTS"] = str(shared)
    house.start("mine", Place(gpus=2), until="told")
    until(house.order)
    other.start("theirs", Place(gpus=2))
    until(lambda: "1 of 3 GPUs free" in other.status("theirs").get("message", ""))
    house.go()
    until(lambda: other.code("theirs") == 0 and house.code("mine") == 0)
    house.start("nowhere", Place(gpus=1), env={"TRAJ_SLOTS": str(tmp_path / "none")})
    until(lambda: house.code("nowhere") == 1)
    assert "is no folder" in house.status("nowhere")["reason"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to be two others")
def test_accounts_of_one_group_share_locks_and_others_do_not(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    os.chown(shared, 0, 4711)
    shared.chmod(0o2770)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o011)

    def as_user(uid, gid, expected):
        """Take a part and write into it, or be kept out."""
        child = os.fork()
        if child == 0:
            code = 1
            with contextlib.suppress(BaseException):
                os.umask(0o077)
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
                try:
                    code = 0 if Parts(str(shared / "h")).take(["GPU-0"], 12, {"pid": os.getpid()}) else 2
                except PermissionError:
                    code = 3
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == expected

    as_user(4001, 4711, 0)
    as_user(4002, 4711, 0)
    as_user(4003, 4003, 3)
    mine = Parts(str(shared / "h")).take(["GPU-0"], 12, {"pid": os.getpid()})
    as_user(4002, 4711, 2)
    for handle in mine:
        os.close(handle)
