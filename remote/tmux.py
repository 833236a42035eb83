"""Work in tmux sessions on a socket of their own: it outlives the console, the connection and the login.

Each action is one POSIX sh script, run through the transport by `sh -s`, so that it works on any login shell and costs
one round trip. tmux itself keeps two sessions from having one name; a lock on the host keeps two starts apart.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping

from remote import shell
from remote.errors import CommandFailed, HostLacks
from remote.launch_script import launch_script
from remote.launcher import LADDER, Launch, Rung, Session, Started, StopStep
from remote.processes import Proc, Table, members, parse, targets
from remote.transport import Transport

_SESSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_RUN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@=-]{0,199}")
_STEP = 0.5


def check_session(name: str) -> None:
    """Only names that tmux takes as they are: it turns "a.b:c" into "a_b_c", and reads some signs as commands."""
    if not _SESSION.fullmatch(name):
        mend = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("-_") or "worker"
        raise ValueError(f"session name {name!r}: use letters, digits, _ and - only, for example {mend[:100]!r}")


def check_run(name: str) -> None:
    """A folder's name that needs no quoting anywhere."""
    if not _RUN.fullmatch(name):
        raise ValueError(f"run {name!r}: use letters, digits and _ . + @ = - only, and begin with a letter or digit")


def _check_file(name: str) -> None:
    if name.startswith("/") or not name or any(part in ("", ".", "..") for part in name.split("/")):
        raise ValueError(f"file {name!r}: name a path inside the run's folder")


class TmuxLauncher:
    """Sessions on one host."""

    def __init__(
        self,
        transport: Transport,
        socket: str = "trajconsole",
        tmux: str = "tmux",
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        check_session(socket)
        self._transport, self._socket, self._tmux, self._sleep = transport, socket, tmux, sleep

    def start(self, launch: Launch) -> Started:
        """See `remote.launcher.Launcher`. ValueError names what cannot be a session, a path or a variable."""
        check_session(launch.session)
        check_run(launch.run)
        if not launch.argv:
            raise ValueError(f"run {launch.run}: there is no command to run")
        variables = {
            "HOST_ROOT": shell.path(launch.root),
            "RUN_NAME": launch.run,
            "SESSION": launch.session,
            "SOCKET": self._socket,
            "TMUX_PROGRAM": shell.with_run(self._tmux),
            "RESUME": "1" if launch.resume else "0",
        }
        script = f'printf {shell.octal(launch_script(launch).encode())} | take "$dir/launch.sh" replace'
        output = self._script(
            shell.assign(variables) + write_files(launch.files, script) + shell.script("start.sh"), 60.0
        )
        verdict, detail = verdict_of(output)
        match verdict:
            case ["started", attempt, run]:
                return Started(run, launch.session, int(attempt))
            case ["already", attempt, run]:
                return Started(run, launch.session, max(1, int(attempt)), already=True)
            case ["busy"]:
                mend = f"close it: tmux -L {self._socket} kill-session -t '={launch.session}'"
                raise CommandFailed(f"a tmux session {launch.session} is open, and no run is in it", mend)
            case ["failed", *words]:
                said = f": {detail}" if detail else ""
                raise CommandFailed(f"{launch.session} did not start: {' '.join(words)}{said}", output=output)
        raise self._lacks(verdict)

    def stop(self, root: str, run: str, session: str, ladder: tuple[Rung, ...] = LADDER) -> Iterator[StopStep]:
        """See `remote.launcher.Launcher`."""
        check_run(run)
        folder = shell.assign({"RUN_DIR": f"{shell.path(root)}/runs/{run}"})
        for rung in ladder:
            for step in self._climb(folder, rung):
                yield step
                if step.gone:
                    return
        left = tuple(proc.pid for proc in members(self._table(folder)))
        what = ladder[-1].what if ladder else ""
        yield StopStep(what, gone=not left, left=left, detail="these processes do not end" if left else "")

    def sessions(self) -> tuple[Session, ...]:
        """Live sessions in which a launch.sh runs."""
        variables = {"SOCKET": self._socket, "TMUX_PROGRAM": shell.with_run(self._tmux)}
        output = self._script(shell.assign(variables) + shell.script("sessions.sh"), 20.0)
        verdict, _ = verdict_of(output)
        if verdict != ["sessions"]:
            raise self._lacks(verdict)
        return tuple(found for found in map(_session, output.splitlines()) if found is not None)

    def attach_argv(self, session: str) -> list[str]:
        """Command on this laptop that shows the session, also from inside another tmux."""
        check_session(session)
        attach = [self._tmux, "-u", "-L", self._socket, "attach-session", "-t", f"={session}"]
        return self._transport.attach_argv(["env", "-u", "TMUX", *attach])

    def _climb(self, folder: str, rung: Rung) -> Iterator[StopStep]:
        """One rung: signal everybody once, whoever is born later too, until nobody is left or its time is over."""
        began = time.monotonic()
        pause = _STEP / 5  # most ends come at once
        seen: list[Proc] = []
        done: set[tuple[int, int]] = set()
        while True:
            table = self._table(folder)
            there = members(table)
            remaining = began + rung.grace - time.monotonic()
            if not there:
                yield StopStep(rung.what, gone=True)
                return
            if remaining <= 0:
                return
            if rung.what == "stop":
                if not seen:
                    self._script(f"{folder}{shell.script('act.sh')}ask_to_stop\n", 20.0)
            else:
                stubborn = rung.what == "KILL" and remaining < rung.grace / 2
                whom = [proc for proc in targets(table, rung.what, seen, also_leader=stubborn) if proc.key not in done]
                self._send(folder, rung.what, whom)
                done |= {proc.key for proc in whom}
            seen = there
            yield StopStep(rung.what, next_in=remaining, left=tuple(proc.pid for proc in there))
            self._sleep(min(pause, remaining))
            pause = _STEP

    def _send(self, folder: str, signal: str, whom: list[Proc]) -> None:
        if whom:
            calls = "".join(f"send {signal} {proc.pid} {proc.start}\n" for proc in whom)
            self._script(f"{folder}{shell.script('act.sh')}{calls}true\n", 20.0)

    def _table(self, folder: str) -> Table:
        output = self._script(folder + shell.script("table.sh"), 20.0)
        if verdict_of(output)[0] != ["table"]:
            raise CommandFailed("the host did not list its processes", output=output)
        return parse(output.splitlines())

    def _script(self, text: str, timeout: float) -> str:
        done = self._transport.run(["sh", "-s"], input=text.encode(), timeout=timeout)
        if done.code != 0:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise CommandFailed(
                f"a script on the host ended with {done.code}: {said}", code=done.code or -1, output=said
            )
        return done.stdout.decode("utf-8", "replace")

    def _lacks(self, verdict: list[str]) -> HostLacks | CommandFailed:
        match verdict:
            case ["lacks", package, program, *installer]:
                return HostLacks(f"the host has no {program}", _install(package, installer))
        return CommandFailed(f"the host answered something unknown: {' '.join(verdict) or 'nothing'}")


def write_files(files: Mapping[str, bytes], *more: str) -> str:
    """The function that start.sh and adopt.sh call when the folder is there; `more` are its last lines."""
    lines = ["write_files() {"]
    for name, data in files.items():
        _check_file(name)
        lines.append(f'  printf {shell.octal(data)} | take "$dir"/{shell.with_run(name)} || return 1')
    return "\n".join([*lines, *(f"  {line}" for line in more), "}\n"])


def verdict_of(output: str) -> tuple[list[str], str]:
    """The script's last word, and the lines before it."""
    lines = output.splitlines()
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].startswith("trajconsole "):
            return lines[number].split()[1:], " / ".join(line for line in lines[:number] if line.strip())
    return [], output


def _session(line: str) -> Session | None:
    words = line.split()
    if len(words) != 5 or words[0] != "session" or not words[2].isdecimal() or not words[3].isdecimal():
        return None
    return Session(words[1], words[4], int(words[2]), float(words[3]))


_INSTALL = {
    "apt-get": "sudo apt-get install -y",
    "dnf": "sudo dnf install -y",
    "yum": "sudo yum install -y",
    "zypper": "sudo zypper install",
    "pacman": "sudo pacman -S",
    "apk": "sudo apk add",
    "conda": "conda install -c conda-forge",
}


def _install(package: str, installer: list[str]) -> str:
    command = _INSTALL.get(installer[0] if installer else "", "sudo apt-get install -y")
    return f"install it on the host: {command} {package}"
