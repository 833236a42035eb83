"""A watch posted on a host: it goes on in tmux there when this laptop is closed.

<root>/watches/<configuration>/   config.toml, state/, results/, environment (variables for alerts; nobody else reads
                                  it), watch.json (it lives), runs/ (the log of each start)
"""

import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.config import Config, parse
from console.deeds.origin import instance
from console.fleet.beats import BEAT
from console.hosts import Hosts
from console.preflight import Refused
from console.shipping import own
from console.source import Step
from console.watch.posting import Posting, posting
from remote.errors import RemoteError
from remote.launcher import Launch, Rung, Session
from remote.transport import Transport
from trainer.record import toml
from trainer.record.jsonl import decode_document

LADDER = (Rung("INT", 30.0), Rung("TERM", 10.0), Rung("KILL", 5.0))
START_S = 180.0  # until it says that it lives
REACH_S = 120.0
LINES = 8
_KEPT = 5  # starts whose logs stay

# The configuration comes on stdin, whole or not at all. Old logs go. Says which variables are there.
_PREPARE = (
    'umask 077; mkdir -p "$1/state/watch" "$1/runs" && cat >"$1/config.toml.new" && '
    'mv -f "$1/config.toml.new" "$1/config.toml" || exit 1; rm -f "$1/' + BEAT + '"; '
    '[ -e "$1/environment" ] || : >"$1/environment"; '
    f'ls -r "$1/runs" | tail -n +{_KEPT} | while read -r old; do rm -rf "$1/runs/$old"; done; '
    "sed -n 's/^ *\\([A-Za-z_][A-Za-z0-9_]*\\)=..*/\\1/p' \"$1/environment\""
)
_BOOK = 'umask 077; [ -e "$1" ] || { cat >"$1.new" && mv "$1.new" "$1"; }'
# Variables of the file, then the watch itself.
_RUN = 'set -a; . "$0"; set +a; exec "$@"'
_LOOK = (
    f'cd "$1" 2>/dev/null || exit 0; cat {BEAT} 2>/dev/null; echo; last=$(ls -r runs 2>/dev/null | head -n 1); '
    f'[ -n "$last" ] && tail -n {LINES} "runs/$last/train.log" 2>/dev/null; exit 0'
)


@dataclass(frozen=True, slots=True)
class Posted:
    """How a host's watch is. `session`: it runs; `beat`: its newest word; `lines`: the end of its log."""

    session: Session | None
    beat: dict[str, object] | None
    lines: tuple[str, ...]


class Post:
    """The place of one configuration's watch on one host."""

    def __init__(self, config: Config, hosts: Hosts, host: str, identity: str) -> None:
        self._config, self._hosts, self._host = config, hosts, host
        self._session = f"_watch_{identity}"
        self._identity = identity

    @property
    def folder(self) -> str:
        """Of the host."""
        return f"{self._hosts.root(self._host)}/watches/{self._identity}"

    @property
    def _transport(self) -> Transport:
        return self._hosts.transport(self._host)

    def look(self) -> Posted:
        """How it is now."""
        found = next((one for one in self._sessions() if one.name == self._session), None)
        text = self._transport.run(["sh", "-c", _LOOK, "sh", self.folder]).stdout.decode("utf-8", "replace")
        first, _, rest = text.partition("\n")
        return Posted(found, decode_document(first.encode()), tuple(line for line in rest.splitlines() if line))

    def start(self, state: Path, *, every: float, sync: bool) -> Iterator[Step]:
        """Idempotent. What cannot go there, and whom it does not reach from there, is told on the way."""
        host = self._host
        if any(one.name == self._session for one in self._sessions()):
            yield Step(host, "is watching already", ok=True)
            return
        remote = [name for name, other in self._config.hosts.items() if other.remote and name != host]
        python, path = yield from own.bring(self._hosts, host, self._config.hosts[host].python, over_ssh=bool(remote))
        raw = tomllib.loads(self._config.path.read_text("utf-8"))
        wanted = posting(self._config, raw, host, self._hosts.root(host), python)
        yield from self._prepare(wanted, state)
        argv = self._argv(python)
        env = {"PYTHONPATH": ":".join(path), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        if wanted.others:
            yield from self._reach(wanted, [*argv, "status", "--json"], env)
        words = ["watch", "--here", host, "--to", f"{self.folder}/results", "--every", f"{every:g}s"]
        words += [] if sync else ["--no-sync"]
        run = instance("watch", time.time())
        command = ("sh", "-c", _RUN, f"{self.folder}/environment", *argv, *words)
        self._hosts.launcher(host).start(Launch(self.folder, run, self._session, command, env=env))
        yield from self._lives()

    def stop(self) -> Iterator[Step]:
        """Until its processes are verified gone."""
        found = self.look().session
        if found is None:
            yield Step(self._host, "no watch of this configuration runs there", ok=True)
            return
        last = None
        for last in self._hosts.launcher(self._host).stop(self.folder, found.run, self._session, LADDER):
            if last.next_in is not None:
                yield Step(self._host, f"asked to end (SIG{last.rung})", countdown=last.next_in)
        gone = last is not None and last.gone
        yield Step(self._host, "does not watch any more: gone, verified" if gone else "is still there", ok=gone)

    def book(self) -> bytes:
        """What it has told, as it keeps it; nothing when there is none."""
        try:
            return self._transport.run(["cat", f"{self.folder}/state/watch/book.json"]).stdout
        except RemoteError:
            return b""

    def _sessions(self) -> tuple[Session, ...]:
        return self._hosts.launcher(self._host).sessions()

    def _argv(self, python: str) -> list[str]:
        return [python, "-m", "console", "--config", f"{self.folder}/config.toml", "--state", f"{self.folder}/state"]

    def _prepare(self, wanted: Posting, state: Path) -> Iterator[Step]:
        text = toml.dumps(wanted.table)
        parse(text, Path(f"{self._host}:config.toml"))  # what it will read there is right
        done = self._transport.run(["sh", "-c", _PREPARE, "sh", self.folder], input=text.encode())
        if done.code != 0:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise Refused(
                f"{self.folder} on {self._host} cannot be written: {said}", "free space there, or mend its mode"
            )
        told = state / "watch" / "book.json"
        if told.exists():  # it tells nothing a second time
            self._transport.run(
                ["sh", "-c", _BOOK, "sh", f"{self.folder}/state/watch/book.json"], input=told.read_bytes()
            )
        yield from (Step(self._host, f"not from there: {text}") for text in wanted.left)
        there = done.stdout.decode("utf-8", "replace").split()
        for name, variable in wanted.variables.items():
            if variable not in there:
                mend = f"write {variable}=… into {self.folder}/environment on {self._host}, and start it again"
                yield Step(self._host, f"alerts.{name} needs ${variable} there; it is not copied", mend=mend)

    def _reach(self, wanted: Posting, argv: list[str], env: dict[str, str]) -> Iterator[Step]:
        """Ask from there whom it reaches: by the host's own ssh settings and keys."""
        yield Step(self._host, f"trying {', '.join(wanted.others)} from there")
        words = ["env", *(f"{name}={value}" for name, value in env.items()), *argv]
        done = self._transport.run(words, timeout=REACH_S)
        found = decode_document(done.stdout)
        if found is None:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Refused(f"the console does not run on {self._host}: {said[-1] if said else done.code}")
        for row in found.get("hosts", ()):
            if row["name"] in wanted.others and row["link"] != "connected":
                mend = (
                    f"on {self._host} it must work without a question: ssh {self._config.hosts[row['name']].ssh} true"
                )
                text = f"{row['name']} cannot be reached from there ({row['link']}: {row['detail']})"
                yield Step(self._host, text, mend=f"{mend}; put a key there, no agent is forwarded")

    def _lives(self) -> Iterator[Step]:
        """Wait for its first word."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            found = self.look()
            if found.beat is not None:
                text = f"is watching now; results it syncs lie there, in {self.folder}/results"
                yield Step(self._host, text, ok=True)
                return
            if found.session is None:
                raise Refused(f"it ended at once: {' / '.join(found.lines[-2:]) or 'it said nothing'}")
            time.sleep(0.3)
        yield Step(self._host, f"has not said in {START_S:g} s that it watches", ok=False,
                   mend=f"trajconsole watch --on {self._host} --status")  # fmt: skip
