"""`queue.py --gpus N [--after NAME[=RUN]]… [--any-end] [--lane NAME --at-once N] -- COMMAND…`: wait for the turn, take
GPUs, become the command. Of those that name the same lane, so many run at the same time.

Polls twice a second. It ends when a file "stop" appears in the run's folder, and on any signal. With `--now` nothing is
waited for: it ends with 75 when the GPUs are not free or others wait, and says so; a run's folder is not needed then.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from remote.probe.gpus import Gpus, GpuSampler, Seen
from remote.slots import before, turn
from remote.slots.parts import Parts, lock, private
from remote.slots.tickets import Ticket, Tickets
from remote.slots.words import Unheard, Words

_EVERY = 0.5
_BUSY = 75  # EX_TEMPFAIL
_LOOKS_NOW = 10  # others may have the queue's lock in hand just then
_FIRST_ANSWER = 10.0  # how long a driver may take for its first one
_VARIABLES = {"nvml": ("CUDA_VISIBLE_DEVICES",), "nvidia-smi": ("CUDA_VISIBLE_DEVICES",)}
_OF_AMD = ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")


class Request(NamedTuple):
    """What was asked for."""

    run: str  # its folder
    gpus: float
    after: Tuple[before.Before, ...]
    command: Tuple[str, ...]
    lane: str = ""
    at_once: int = 0
    now: bool = False

    @property
    def root(self) -> str:
        return os.path.dirname(os.path.dirname(self.run))


class Refused(Exception):
    """It can never begin; the words say why."""


def parse(words: Sequence[str], run: str) -> Request:
    """From the command line, which the launcher wrote."""
    cut = list(words).index("--")
    options, command = list(words[:cut]), tuple(words[cut + 1 :])
    gpus, after, any_end, lane, at_once = 0.0, [], "--any-end" in options, "", 0
    for name, value in zip(options, options[1:]):  # noqa: RUF007 - pairwise came with Python 3.10
        if name == "--gpus":
            gpus = float(value)
        elif name == "--after":
            after.append(before.parse(value, any_end=any_end))
        elif name == "--lane":
            lane = value
        elif name == "--at-once":
            at_once = int(value)
    return Request(run, gpus, tuple(after), command, lane, at_once, "--now" in options)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as if the command had begun already
    request = parse(sys.argv[1:], os.environ["TRAJ_RUN_DIR"])
    words = Unheard() if request.now else Words(request.run)
    try:
        taken = Waiting(request, words).wait()
    except Refused as refusal:
        words.event("left the queue", why=str(refusal))
        words.ended("failed", str(refusal))
        sys.exit("not started: %s" % refusal)
    if taken is None and request.now:
        sys.stderr.write("%s\n" % (words.said or "others look at the queue"))
        sys.exit(_BUSY)
    if taken is None:
        words.event("left the queue", why="stopped")
        words.ended("stopped", "stopped while it waited")
        sys.exit(0)
    words.begin()
    os.environ.update(taken)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a command would inherit that
    try:
        os.execvp(request.command[0], request.command)  # noqa: S606
    except OSError as error:
        sys.exit("cannot run %s: %s" % (request.command[0], error.strerror))


class Waiting:
    """One worker in the queue."""

    def __init__(self, request: Request, words: Words) -> None:
        self._request, self._words, self._name = request, words, os.path.basename(request.run)
        # One queue a machine, where several of them share a home.
        shared = os.path.expanduser(os.environ.get("TRAJ_SLOTS", ""))
        if shared and not os.path.isdir(shared):
            raise Refused("TRAJ_SLOTS = %s is no folder: somebody has to make it for those who share it" % shared)
        self._folder = os.path.join(shared or private(os.path.join(request.root, "slots")), socket.gethostname())
        self._tickets = Tickets(self._folder)
        self._parts = Parts(os.path.join(self._folder, "gpus"))
        self._gpus: Optional[GpuSampler] = None
        self._ticket: Optional[Ticket] = None
        self._place: Optional[int] = None  # in the lane: kept while it waits for GPUs, and by the command
        self._began = time.monotonic()
        self._looks = 0

    def wait(self) -> Optional[Dict[str, str]]:
        """Wait; then the variables for the command. None: somebody created the file "stop". Refused: it cannot come."""
        while not self._is_over():
            found = self._try()
            if found is not None:
                return found
            time.sleep(_EVERY)
        if self._ticket is not None:
            self._ticket.give_up()
        return None

    def _is_over(self) -> bool:
        if self._request.now:
            self._looks += 1
            return bool(self._words.said) or self._looks > _LOOKS_NOW
        return os.path.exists(os.path.join(self._request.run, "stop"))

    def _try(self) -> Optional[Dict[str, str]]:
        why = self._missing()
        entered = self._place is not None or not self._request.lane
        seen = self._seen() if not why and entered and self._request.gpus else None
        held = self._tickets.held()
        if held is None:
            return None  # somebody else is looking: in a moment
        try:
            if self._ticket is None:
                self._ticket = self._tickets.draw(self._name, before.launched(self._request.run) or time.time())
                after = [item.session for item in self._request.after]
                self._words.event("queued", gpus=self._request.gpus, after=after)
            lane = "" if why else self._request.lane  # one that waits for something else keeps nobody waiting
            why = why or self._enter()
            self._ticket.note({"run": self._name, "gpus": self._request.gpus, "ready": not why, "lane": lane})
            if why:
                self._words.waiting("waits for %s" % why)
                return None
            if seen is None and self._request.gpus:
                return None  # the driver is asked once it has its place
            return self._take(seen) if seen is not None else self._go({}, ())
        finally:
            os.close(held)

    def _missing(self) -> str:
        """What must end first, or nothing."""
        verdicts = [before.verdict(self._request.root, item) for item in self._request.after]
        for found in verdicts:
            if found.never:
                raise Refused("it was to begin after %s" % found.why)
        return " and for ".join(found.why for found in verdicts if not found.over)

    def _enter(self) -> str:
        """Take a place in the lane, if there is one; returns what it waits for, or nothing. With the queue's lock."""
        assert self._ticket is not None
        name, most = self._request.lane, self._request.at_once
        if not name or self._place is not None:
            return ""
        ahead = sum(item.get("lane") == name and not item.get("ready") for item in self._tickets.before(self._ticket))
        if ahead:
            return "its turn in %s: %d ahead of it" % (name, ahead)
        folder = os.path.join(self._folder, "lanes", name)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for number in range(most):
            self._place = lock(os.path.join(folder, "%03d" % number))
            if self._place is not None:
                os.set_inheritable(self._place, True)
                return ""
        return "its turn in %s: %d run at once" % (name, most)

    def _seen(self) -> Seen:
        if self._gpus is None:
            self._gpus = GpuSampler(Gpus())
            self._gpus.wait(_FIRST_ANSWER)
        return self._gpus.read()

    def _take(self, seen: Seen) -> Optional[Dict[str, str]]:
        """Look at the GPUs, with the queue's lock in hand."""
        assert self._ticket is not None
        wanted = self._request.gpus
        if seen.source == "asked":
            self._words.waiting("waits for the GPU driver's first answer")
            return None
        names = _VARIABLES.get(seen.source, _OF_AMD)
        allowed = next((os.environ[name] for name in names if name in os.environ), None)
        rows = turn.usable(seen.gpus, allowed)
        if len(rows) < turn.number_of(wanted):
            if seen.error and seen.source != "none":  # a GPU that is lost for the moment may come back
                self._words.waiting("waits for %s: %s" % (turn.wanted_words(wanted), seen.error))
                return None
            raise Refused(_too_few(wanted, len(rows), allowed, seen.error))
        gpus = self._described(rows, seen.source)
        found = turn.decide(gpus, wanted, len(self._tickets.ahead(self._ticket)))
        if found.gpus is None:
            self._words.waiting("waits for %s: %s" % (turn.wanted_words(wanted), found.why))
            return None
        holder = {"pid": os.getpid(), "run": self._name}
        handles = self._parts.take([gpu.id for gpu in found.gpus], found.parts, holder)
        if handles is None:
            return None
        for handle in handles:
            os.set_inheritable(handle, True)
        shown = ",".join(gpu.visible for gpu in found.gpus)
        return self._go(dict.fromkeys(names, shown), [gpu.name for gpu in found.gpus])

    def _described(self, rows: List[Dict[str, Any]], source: str) -> List[turn.Gpu]:
        """What the driver and the locks say of each."""
        ids = [str(row.get("uuid") or row["index"]) for row in rows]
        holders = self._parts.look(ids)
        ours = {int(str(item["pid"])) for found in holders.values() for item in found if "pid" in item} | {os.getpid()}
        gpus = []
        for name, row in zip(ids, rows):
            there = [item for item in row.get("processes") or [] if os.path.exists("/proc/%s" % item.get("pid"))]
            others = [item for item in there if not _below(item.get("pid"), ours)]
            held = len(holders[name])
            stranger = turn.stranger_of(row, held, others, named=bool(there))
            part = "" if row.get("instance") is None else ":%s" % row["instance"]
            gpus.append(turn.Gpu(name, "%s%s" % (row["index"], part), turn.visible_name(row, source), held, stranger))
        return gpus

    def _go(self, variables: Dict[str, str], gpus: Sequence[str]) -> Dict[str, str]:
        assert self._ticket is not None
        self._ticket.give_up()
        self._words.event("left the queue", gpus=list(gpus), waited_s=round(time.monotonic() - self._began, 1))
        return variables


def _too_few(wanted: float, there: int, allowed: Optional[str], error: str) -> str:
    limit = "" if allowed is None else " that its environment allows (%s)" % allowed
    said = "; %s" % error if error else ""
    return "it wants %s, and this host has %d%s%s" % (turn.wanted_words(wanted), there, limit, said)


def _below(pid: Any, ours: "set[int]") -> bool:
    """Is it one of these processes, or a descendant of one?"""
    for _ in range(64):
        if pid in ours:
            return True
        try:
            with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, TypeError, ValueError, IndexError):
            return False
    return False
