"""A night: thirteen workers on four hosts, faults every half a minute, the laptop killed or asleep half of the time.

The clocks are real but for one: the plan is eight minutes old when it begins. The table of what was injected and what
was told goes to the terminal, and into the file that NIGHT_TO names.
"""

import hashlib
import json
import os
import random
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from night_hosts import EASY, RACE, WORKERS, NightHosts
from night_laptop import NightLaptop
from night_ledger import Cause, Ledger, away
from sshd_house import until
from wire import DROP, RESET

from console.history import History
from console.report import MARKDOWN, PAGE

PLANNED_AGO_S = 480.0
LONG = 600.0  # seconds that are waited for anything, at most
STOPPED = ("stuck", "silent")  # by hand, in the morning
ENDED = {"finished", "criteria met", "lost the race", "stopped", "failed", "killed", "out of memory", "vanished"}


class Night:
    """What is done in it. Every wait is for something to come; the pauses are those of the faults themselves."""

    def __init__(self, hosts: NightHosts, laptop: NightLaptop, chance: random.Random) -> None:
        self.hosts, self.laptop, self.chance, self.ledger = hosts, laptop, chance, Ledger()

    def say(self, text: str) -> None:
        print(f"{self.ledger.clock(time.time())} {text}", flush=True)

    def inject(self, what: str, where: str, told: dict[str, str] | None = None, *, line: bool = False) -> Cause:
        self.say(f"{what}, {where}")
        return self.ledger.add(what, where, told, line=line)

    def until_told(self, cause: Cause, over: bool = False) -> None:
        for who, pattern in cause.told.items():
            until(
                lambda who=who, pattern=pattern: any(
                    letter.arrived >= cause.began and re.search(pattern, letter.what)
                    for letter in self.laptop.told(who, over)()
                ),
                LONG,
            )

    def evening(self) -> None:
        """Everything is started; whoever started it goes to bed."""
        config = self.laptop.config.absolute()
        history = History(self.laptop.state)
        history.plan(str(config), WORKERS.items(), time.time() - PLANNED_AGO_S)
        history.close()
        self.inject("never started", "forgotten", {"forgotten": "never started"})
        self.silent = self.inject("a log that Python keeps back", "silent", {"silent": "log is silent"})
        nan = self.inject("a loss of 0/0 at step 100", "nan", {"nan": "not a number"})
        race = self.laptop.spawn("race", "night", "--no-check")
        others = sorted(set(WORKERS) - set(RACE) - {"forgotten"})
        self.laptop.run("start", "--no-check", *others)
        until(lambda: all(self.epoch(name) for name in RACE), LONG)
        race.kill()
        race.wait()
        self.laptop.watch()
        self.until_told(nan)

    def epoch(self, name: str) -> int:
        try:
            return int(json.loads((self.hosts.folder(name) / "status.json").read_text()).get("epoch") or 0)
        except (OSError, ValueError):
            return 0

    def fails(self, name: str, words: str) -> Cause:
        cause = self.inject(f"a program fails: {name}", name, {name: words})
        self.hosts.go(name)
        return cause

    def cut(self, kind: str, host: str, *, told: bool = False) -> Cause:
        machine = self.hosts.machines[host]
        cause = self.inject(kind, host, {host: "^unreachable$"} if told else None, line=True)
        match kind:
            case "packets dropped":
                machine.wire.refuse(DROP)
            case "connections reset":
                machine.wire.refuse(RESET)
            case "link down":
                machine.wire.down()
            case "sshd stopped":
                machine.harm(signal.SIGSTOP)
            case "sshd killed":
                machine.harm(signal.SIGKILL)
        return cause

    def mend(self, cause: Cause) -> None:
        machine = self.hosts.machines[cause.where]
        machine.wire.mend()
        machine.wire.up()
        machine.harm(signal.SIGCONT)
        cause.ended = time.time()

    def short(self, kind: str, host: str, seconds: float, *, awake: bool) -> None:
        """A fault that is over before it is worth a word."""
        cause = self.cut(kind, host)
        time.sleep(seconds)
        self.mend(cause)
        if awake:
            heard = self.laptop.heard(host)
            until(lambda: self.laptop.heard(host) > heard, LONG)
            cause.seen_for = time.time() - cause.began
        else:
            cause.seen_for = 0.0

    def absent(self, seconds: float, since: float) -> None:
        time.sleep(max(0.0, since + seconds - time.time()))

    def run(self) -> None:
        hosts, laptop = self.hosts, self.laptop
        self.evening()
        shorts = ["packets dropped", "connections reset", "sshd stopped", "sshd killed", "link down"]
        self.chance.shuffle(shorts)

        self.until_told(self.fails("import", "failed|module"))
        self.short(shorts[0], "east", 5, awake=True)
        shot = self.inject("SIGKILL from outside", "shot", {"shot": "killed"})
        hosts.signal("shot", signal.SIGKILL, name="sh")
        self.until_told(shot)
        self.until_told(self.silent)

        self.say("the laptop is switched off")
        laptop.kill_watch()
        off = time.time()
        missing = self.fails("missing", "failed|file|there is no")
        self.short(shorts[1], "north", 10, awake=False)
        crash = self.inject("the host crashes and boots", "west", {"lost": "rebooted"})
        hosts.machines["west"].crash()
        time.sleep(5)
        hosts.machines["west"].start()
        self.short(shorts[2], "south", 10, awake=False)
        self.absent(55, off)
        laptop.watch()
        self.until_told(missing)
        self.until_told(crash)

        down = self.cut("link down", "south", told=True)
        self.until_told(down)
        self.mend(down)

        self.say("the laptop falls asleep")
        laptop.sleep()
        off = time.time()
        stuck = self.inject("a trainer is stopped (SIGSTOP)", "stuck", {"stuck": "no progress"})
        hosts.signal("stuck", signal.SIGSTOP, name="python")
        memory = self.fails("memory", "memory")
        self.short(shorts[3], "north", 10, awake=False)
        self.absent(60, off)
        laptop.wake()
        self.until_told(memory)
        self.until_told(stuck)
        hosts.signal("stuck", signal.SIGCONT, name="python")
        stuck.ended = time.time()

        refused = self.inject("the webhook answers 503, three times", "laptop")
        laptop.receiver.refuse = 3
        full = self.inject("a disk is full", "south", {"south": "disk is full$", "slow": "^disk full"})
        full.also = {"slow": "will not fit"}
        (hosts.machines["south"].home / "fill").touch()
        self.until_told(full)
        refused.ended = time.time()
        (hosts.machines["south"].home / "empty").touch()
        full.ended = time.time()

        self.say("the laptop is switched off")
        laptop.kill_watch()
        off = time.time()
        drop = self.cut("packets dropped", "east", told=True)
        self.absent(45, off)
        for _ in range(3):
            laptop.watch()
            time.sleep(self.chance.uniform(1.0, 8.0))
            laptop.kill_watch()
        laptop.watch()
        self.until_told(drop)
        laptop.kill_watch()
        time.sleep(self.chance.uniform(0.5, 5.0))
        laptop.watch()
        self.mend(drop)
        self.short(shorts[4], "north", 5, awake=True)

        self.say("the laptop is switched off until somebody has won")
        laptop.kill_watch()
        off = time.time()
        until(hosts.marks, LONG)
        self.inject("the race is won", "night", {"race night": "^won by "})
        self.short("connections reset", "west", 10, awake=False)
        self.absent(60, off)
        laptop.watch()
        until(laptop.told("race night"), LONG)
        until(lambda: len(hosts.marks()) == 4, LONG)

        self.say("the laptop falls asleep")
        laptop.sleep()
        off = time.time()
        self.short("sshd killed", "east", 5, awake=False)
        self.short("packets dropped", "west", 15, awake=False)
        self.absent(60, off)
        laptop.wake()

    def morning(self) -> dict:
        """All faults are over; the watch does what is left to do."""
        for cause in self.ledger.causes:
            if cause.told and cause.ended is not None:
                self.until_told(cause, over=True)
        over = set(WORKERS) - {*STOPPED, "forgotten"}
        until(lambda: all(row["state"] in ENDED for name, row in self.laptop.rows().items() if name in over), LONG)
        until(lambda: all(row["pulled"] for name, row in self.laptop.rows().items() if name in over), LONG)
        for name, row in self.laptop.rows().items():
            if row["state"] in ("finished", "criteria met", "lost the race", "stopped"):
                self.ledger.add("it ends", name, {name: f"^{row['state']}$"}).began = self.ledger.began
        return self.laptop.rows()


@pytest.fixture
def laptop(bed):
    laptop = NightLaptop(bed.folder / "laptop")
    yield laptop
    laptop.close()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_night(bed, laptop):
    hosts = NightHosts(bed)
    laptop.config.write_text(hosts.configuration(bed, laptop, sys.executable))
    night = Night(hosts, laptop, random.Random(7))
    try:
        night.run()
        rows = night.morning()
        check(night, rows)
    finally:
        problems = night.ledger.match(laptop.letters)
        for line in [*night.ledger.table(), *problems]:
            print(line)
        print(laptop.said.read_text()[-6000:])
    assert not problems
    write_down(night)


def check(night, rows):
    hosts, laptop = night.hosts, night.laptop
    one_winner(hosts, laptop, rows)
    everything_is_here(hosts, laptop, rows)
    destroying(laptop, {"north": False, "east": True, "south": False, "west": True})
    for name in STOPPED:
        night.ledger.add("stopped by hand", name, {name: "^stopped$"})
    laptop.run("stop", *STOPPED)
    until(lambda: all(laptop.rows()[name]["pulled"] for name in STOPPED), LONG)
    until(lambda: all("stopped" in [letter.what for letter in laptop.told(name)()] for name in STOPPED), LONG)
    laptop.end_watch()
    laptop.run("watch", "--once", "--to", str(laptop.results))
    rows = laptop.rows()
    everything_is_here(hosts, laptop, rows)
    destroying(laptop, dict.fromkeys(hosts.machines, True))
    the_report_is_true(hosts, laptop, rows)
    told = [json.dumps(letter.about, sort_keys=True) for letter in laptop.letters]
    noted = [json.dumps(json.loads(line), sort_keys=True) for line in laptop.notes.read_text().splitlines() if line]
    assert sorted(set(told)) == sorted(set(noted))


def one_winner(hosts, laptop, rows):
    marks = {host: json.loads(mark) for host, mark in hosts.marks().items()}
    assert set(marks) == set(hosts.machines)
    ((winner, worker),) = {(mark["run"], mark["worker"]) for mark in marks.values()}
    history = History(laptop.state)
    try:
        assert {(run, name) for run, name, _ in history.winners().values()} == {(winner, worker)}
    finally:
        history.close()
    (race,) = laptop.status()["races"]
    assert race["over"] and race["winner"] == worker and [item["won"] for item in race["standings"]].count(True) == 1
    assert rows[worker]["state"] == "criteria met" and EASY
    for name in RACE:
        until(lambda name=name: not hosts.processes(name), LONG)
        assert list((hosts.folder(name) / "checkpoints").glob("*")), name
        assert rows[name]["state"] in ({"vanished"} if name == "lost" else {"criteria met", "lost the race"})


def everything_is_here(hosts, laptop, rows):
    """Each ended run: the list of its copy is whole, each hash is the host's; and so is every byte of the mirror."""
    for name, row in rows.items():
        if row["run"] is None or row["live"]:
            continue
        there, here = hosts.folder(name), laptop.results / row["run"]
        pulled = json.loads((here / "pulled.json").read_text())
        assert pulled["complete"] and pulled["run"] == row["run"], name
        for path, about in pulled["files"].items():
            replaced = path.startswith("checkpoints/") and not (there / path).exists()  # by a newer
            assert about["sha256"] == sha256(here / path), (name, path)
            assert replaced or about["sha256"] == sha256(there / path), (name, path)
        if (index := there / "checkpoints/index.json").exists():
            last = json.loads(index.read_text())["checkpoints"][-1]
            assert pulled["files"][f"checkpoints/{last['file']}"]["sha256"] == last["sha256"], name
        record = {path.name for path in there.iterdir() if path.is_file() and path.name[0] != "."}
        assert record - {"lock", "stop", "launch.lock"} <= set(pulled["files"]), name
        for stream in ("metrics.jsonl", "events.jsonl", "train.log"):
            copy = laptop.state / "mirror" / row["host"] / "runs" / row["run"] / stream
            if (there / stream).exists():
                theirs = (there / stream).read_bytes()
                whole = theirs[: theirs.rfind(b"\n") + 1] if name == "lost" else theirs  # torn by the crash
                ours = copy.read_bytes() if copy.exists() else b""
                assert ours in (theirs, whole), (name, stream)


def destroying(laptop, expected):
    for host, yes in expected.items():
        found = json.loads(laptop.run("safe", host, "--json", codes=(0, 1)))
        assert found["safe"] is yes, found
        assert yes or {row["worker"] for row in found["runs"] if row["problem"]} <= set(STOPPED), found


def the_report_is_true(hosts, laptop, rows):
    """PARALLEL_PROGRESS.md, report.html, status --json and the run directories tell the same."""
    text, page = (laptop.results / MARKDOWN).read_text(), (laptop.results / PAGE).read_text()
    lines = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("| ")]
    told = {cells[1]: cells for cells in lines if cells[1] in WORKERS and cells[2] in hosts.machines}
    assert set(told) == set(WORKERS) == set(rows)
    winner = next(mark["worker"] for mark in map(json.loads, hosts.marks().values()))
    assert f"## Race night: won by {winner}" in text and f"won by {winner}" in page
    for name, row in rows.items():
        assert (told[name][2], told[name][3].split()[0]) == (row["host"], row["state"].split()[0]), told[name]
        assert ("yes" in told[name]) is (name == winner)
        if row["run"] is None:
            continue
        exit_record = json.loads((hosts.folder(name) / "exit.json").read_text()) if name != "lost" else None
        good = exit_record is not None and exit_record["code"] == 0
        assert good is (row["state"] in ("finished", "criteria met", "lost the race", "stopped")) or name == "silent"
        if row["epoch"] is not None:
            assert night_epoch(hosts, name) == row["epoch"] and f"{row['epoch']}/" in " ".join(told[name])
            assert f">{row['epoch']}/{row['epochs']}<" in page


def night_epoch(hosts, name):
    return json.loads((hosts.folder(name) / "status.json").read_text())["epoch"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_down(night):
    spans = night.laptop.away
    lasted = time.time() - night.ledger.began
    said = f"{lasted / 60:.1f} minutes; the laptop was killed or asleep for {away(spans) / 60:.1f} of them."
    lines = [said, "", *night.ledger.table()]
    print("\n".join(lines))
    if to := os.environ.get("NIGHT_TO"):
        Path(to).write_text("\n".join(lines) + "\n")
