"""Work that was started without us: found on a host, and given a run directory so that it is seen like any other run.

It is only looked at: nothing here, and nothing that is done with the run later, sends it a signal or writes to it.
"""

import base64
import dataclasses
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from remote import shell
from remote.errors import CommandFailed, HostLacks
from remote.tmux import check_run, verdict_of, write_files
from remote.transport import Transport

BUSY_S = 10  # a process that has used less processor time is not offered
_PID = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A tmux session or a busy process that no console started."""

    pid: int
    session: str = ""
    socket: str = ""  # path of the session's tmux server
    command: str = ""
    used_s: float | None = None
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One of them, looked at more closely. `start` and `boot` make the pid one process for ever."""

    pid: int
    start: int
    boot: str
    argv: tuple[str, ...]
    folder: str
    since: float | None
    log: str = ""  # the file that its standard output goes to
    session: str = ""
    socket: str = ""


def foreign(transport: Transport, own_socket: str) -> tuple[Foreign, ...]:
    """Sessions first, then processes, the busiest first."""
    variables = {"SOCKET": own_socket, "BUSY_S": str(BUSY_S)}
    output = _script(transport, shell.assign(variables) + shell.script("foreign.sh"))
    return tuple(parse_foreign(output))


def parse_foreign(output: str) -> Iterator[Foreign]:
    """Lines of foreign.sh; whatever is not one of them is left out."""
    shown: set[tuple[str, str]] = set()
    for line in output.splitlines():
        words = line.split("\t", 4)
        if len(words) != 5:
            continue
        kind, one, two, three, rest = words
        if kind == "session" and _PID.fullmatch(two) and (one, rest) not in shown:
            shown.add((one, rest))  # one line a session, however many panes it has
            yield Foreign(int(two), rest, one)
        elif kind == "process" and _PID.fullmatch(one) and two.isdecimal() and three.isdecimal():
            yield Foreign(int(one), command=rest, used_s=float(two), age_s=float(three))


def look(transport: Transport, *, pid: int | None = None, session: str = "") -> Seen:
    """CommandFailed when it is not there."""
    assert (pid is None) != (not session), "one of both"
    variables = {"TARGET_PID": str(pid or ""), "TARGET_SESSION": shlex.quote(session)}
    output = _script(transport, shell.assign(variables) + shell.script("look.sh"))
    verdict, _ = verdict_of(output)
    if verdict == ["absent"]:
        what = f"process {pid}" if pid is not None else f"tmux session {session!r}"
        raise CommandFailed(f"there is no {what} on the host", "trajconsole adopt HOST lists what there is")
    if verdict[:1] == ["lacks"]:
        raise HostLacks("the host has no tmux, so it has no session either", "name the process: --pid")
    return parse_seen(output, session)


def parse_seen(output: str, session: str = "") -> Seen:
    """The lines of look.sh."""
    found = dict(line.partition(" ")[::2] for line in output.splitlines())
    try:
        words = _decoded(found["argv"]).split("\0")
        return Seen(
            int(found["pid"]),
            int(found["start"]),
            found.get("boot", ""),
            tuple(words[:-1] if words[-1] == "" else words),
            _decoded(found.get("cwd", "")).rstrip("\n"),
            float(found["since"]) if found.get("since") else None,
            _decoded(found.get("log", "")),
            session,
            _decoded(found.get("socket", "")),
        )
    except (KeyError, ValueError) as error:
        raise CommandFailed("the host did not say what the process is", output=output) from error


def with_log(seen: Seen, log: str) -> Seen:
    """The same, with the log that a person named; relative paths start where the process works."""
    path = log if log.startswith(("/", "~/")) else f"{seen.folder.rstrip('/')}/{log}"
    return dataclasses.replace(seen, log=path)


def adopt(
    transport: Transport, root: str, run: str, seen: Seen, run_toml: bytes, *, metrics: str = ""
) -> tuple[str, bool]:
    """Write its run directory; the run's name, and whether it had been adopted before."""
    check_run(run)
    launch = {"schema": 1, "attempt": 1, "pid": seen.pid, "pid_start": seen.start, "boot_id": seen.boot}
    launch |= {"time": seen.since, "session": seen.session, "adopted": True, "log": seen.log}
    variables = {
        "HOST_ROOT": shell.path(root),
        "RUN_NAME": run,
        "PID": str(seen.pid),
        "START": str(seen.start),
        "LOG": shell.path(seen.log) if seen.log else "",
        "METRICS": shell.path(metrics) if metrics else "",
        "SOCKET_PATH": shlex.quote(seen.socket) if seen.session else "",
        "SESSION": shlex.quote(seen.session),
    }
    files = write_files({"run.toml": run_toml, "launch.json": f"{json.dumps(launch)}\n".encode()})
    output = _script(transport, shell.assign(variables) + files + shell.script("adopt.sh"))
    verdict, detail = verdict_of(output)
    match verdict:
        case ["adopted", name]:
            return name, False
        case ["already", name]:
            return name, True
    raise CommandFailed(f"it was not adopted: {' '.join(verdict[1:]) or detail}", output=output)


def attach_argv(transport: Transport, socket: str, session: str) -> list[str]:
    """Command on this laptop that shows a foreign session, without a way to type into it."""
    attach = ["tmux", "-u", "-S", socket, "attach-session", "-r", "-t", f"={session}"]
    return transport.attach_argv(["env", "-u", "TMUX", *attach])


def _script(transport: Transport, text: str) -> str:
    done = transport.run(["sh", "-s"], input=text.encode(), timeout=20.0)
    if done.code != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise CommandFailed(f"a script on the host ended with {done.code}: {said}", output=said)
    return done.stdout.decode("utf-8", "replace")


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")
