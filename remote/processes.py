"""Which processes of a host belong to a run: pure functions over the lines that `scripts/table.sh` prints."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Proc:
    """One process, from /proc/PID/stat."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: int

    @property
    def key(self) -> tuple[int, int]:
        """What makes it this process and no other."""
        return self.pid, self.start

    @property
    def lives(self) -> bool:
        return self.state not in ("Z", "X")


@dataclass(frozen=True, slots=True)
class Table:
    """All processes, and what is known of the run's own."""

    procs: dict[int, Proc] = field(default_factory=dict)
    leader: tuple[int, int] | None = None  # pid and start of launch.sh, when it is of this boot
    marked: frozenset[int] = frozenset()  # TRAJ_RUN_DIR names the run


def parse(lines: Iterable[str]) -> Table:
    """Lines that are odd are passed over: processes come and go while the table is read."""
    procs: dict[int, Proc] = {}
    leader: tuple[int, int, str] | None = None
    boot, marked = "", set()
    for line in lines:
        kind, _, rest = line.partition(" ")
        words = rest.split()
        if kind == "stat":
            proc = _proc(rest)
            if proc is not None:
                procs[proc.pid] = proc
        elif kind == "marked" and len(words) == 1 and words[0].isdecimal():
            marked.add(int(words[0]))
        elif kind == "boot" and words:
            boot = words[0]
        elif kind == "leader" and len(words) in (2, 3) and words[0].isdecimal() and words[1].isdecimal():
            leader = (int(words[0]), int(words[1]), words[2] if len(words) == 3 else "")
    same_boot = leader is not None and leader[2] in ("", boot)
    return Table(procs, leader[:2] if leader and same_boot else None, frozenset(marked))


def _proc(text: str) -> Proc | None:
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    try:
        pid = int(head.split(" ", 1)[0])
        parent, group, session = (int(word) for word in fields[1:4])
        return Proc(pid, fields[0], parent, group, session, int(fields[19]))
    except (ValueError, IndexError):
        return None


def leader(table: Table) -> Proc | None:
    """The run's launch.sh, when it still lives."""
    found = table.procs.get(table.leader[0]) if table.leader else None
    return found if found and table.leader and found.start == table.leader[1] and found.lives else None


def members(table: Table) -> list[Proc]:
    """Every living process of the run: launch.sh, its session, whoever carries the run's mark, and all below them."""
    roots = set(table.marked)
    if table.leader is not None:
        pid, start = table.leader
        there = table.procs.get(pid)
        if there is None or there.start == start:  # else the number was given to somebody else since
            roots.add(pid)
            roots |= {proc.pid for proc in table.procs.values() if proc.session == pid}
    below: dict[int, list[int]] = {}
    for proc in table.procs.values():
        below.setdefault(proc.parent, []).append(proc.pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += below.get(pid, [])
    return [table.procs[pid] for pid in sorted(found) if pid in table.procs and table.procs[pid].lives]


def targets(table: Table, signal: str, seen: Collection[Proc], *, also_leader: bool = False) -> list[Proc]:
    """Whom a rung of the ladder signals. INT is what a key on a terminal does: the command's own group.

    launch.sh stays to write the exit record, unless `also_leader`; so do the short-lived tools that it uses for that:
    who does not carry the run's mark must have been there at the look before (`seen`).
    """
    first = leader(table)
    before = {proc.key for proc in seen}
    everybody = [
        proc
        for proc in members(table)
        if (proc.pid in table.marked or proc.key in before) and (also_leader or first is None or proc.pid != first.pid)
    ]
    if signal != "INT" or first is None:
        return everybody
    return [proc for proc in everybody if proc.group == first.group] or everybody
