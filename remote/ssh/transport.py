"""The transport `ssh`: at most two connections to a host.

The first carries the probe and short commands. The second is opened for what moves many bytes, and when the server
refuses a further session on the first (MaxSessions); each takes what the other refuses. Where a login takes a code from
a person there is only one.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from remote.errors import RemoteError, TimedOut
from remote.ssh import command, destination, host_keys, settings
from remote.ssh.auth import Ask, Secrets
from remote.ssh.channel import Refused, SshChannel
from remote.ssh.connection import Connection, connect, path_to
from remote.ssh.patience import Patience
from remote.transport import Completed

ANSWER_S = 2.0  # what an open connection is given to prove that it lives
ROOM_S = 15.0  # how long a command waits for a free session
END_S = 5.0

EndGroup = Callable[[int], None]


class SshTransport:
    """A host as one would type it after `ssh`. `name` is what the console calls it."""

    def __init__(self, typed: str, *, name: str = "", config_file: str | None = None, ask: Ask | None = None) -> None:
        self._typed, self._name, self._config_file = typed, name or typed, config_file
        self._wanted = destination.parse(typed)
        self._secrets = Secrets(ask)
        self._lock = threading.Lock()
        self._first: Connection | None = None
        self._second: Connection | None = None
        self._channels: list[SshChannel] = []
        self._waiting: set[Patience] = set()  # of those who open something

    def connect(self) -> None:
        with self._lock, self._patient() as patience:
            if self._first is not None and not self._answers(self._first, patience):
                self._close_connections()
            if self._second is not None and not self._answers(self._second, patience):
                self._second.close()
                self._second = None
            if self._first is None:
                self._first = self._new(patience)

    def open(self, argv: Sequence[str], *, bulk: bool = False) -> SshChannel:
        channel = self._session(argv, time.monotonic() + ROOM_S, bulk=bulk)
        with self._lock:
            self._channels = [known for known in self._channels if not known.closed] + [channel]
        return channel

    def run(self, argv: Sequence[str], *, input: bytes = b"", timeout: float = 30.0) -> Completed:
        end = time.monotonic() + timeout
        channel = self._session(argv, end, short=True)
        done = channel.finish(input, max(0.001, end - time.monotonic()))
        if done.code is None or not channel.misread:
            return done
        return self._session(argv, end).finish(input, max(0.001, end - time.monotonic()))

    def attach_argv(self, argv: Sequence[str]) -> list[str]:
        options = settings.options(self._wanted, self._config_file)
        return ["ssh", "-t", *options, "--", self._wanted.host, command.program(argv)]

    def trust(self) -> host_keys.UnknownHostKey | None:
        """The first key on the way that nobody has looked at yet; None when all are known. No login at the end."""
        try:
            path = path_to(self._typed, self._config_file)
            connect(path, self._secrets, self._name, log_in_last=False).close()
        except host_keys.UnknownHostKey as problem:
            return problem
        return None

    def ask_again(self) -> None:
        """A person wants another try: what was refused or left unanswered may be asked for once more."""
        self._secrets.refused.clear()

    def give_up(self) -> None:
        for patience in tuple(self._waiting):
            patience.lose()

    def close(self) -> None:
        with self._taken():
            channels, self._channels = self._channels, []
        for channel in channels:
            channel.close()
        with self._taken():
            self._close_connections()

    @contextlib.contextmanager
    def _patient(self) -> Iterator[Patience]:
        patience = Patience()
        self._waiting.add(patience)
        try:
            yield patience
        finally:
            self._waiting.discard(patience)

    @staticmethod
    def _answers(connection: Connection, patience: Patience) -> bool:
        """Whether it still lives; who gives up meanwhile raises."""
        patience.wakes(connection.engine.wake)
        alive = connection.engine.answers(ANSWER_S)
        if not alive:
            patience.check()
        return alive

    @contextlib.contextmanager
    def _taken(self) -> Iterator[None]:
        """Alone with the connections; whoever opens one now gives up."""
        while not self._lock.acquire(timeout=0.05):
            self.give_up()
        try:
            yield
        finally:
            self._lock.release()

    def _new(self, patience: Patience) -> Connection:
        return connect(path_to(self._typed, self._config_file, patience), self._secrets, self._name, patience)

    def _close_connections(self) -> None:
        for connection in (self._second, self._first):
            if connection is not None:
                connection.close()
        self._first = self._second = None

    def _session(
        self,
        argv: Sequence[str],
        end: float,
        end_group: EndGroup | None = None,
        *,
        bulk: bool = False,
        short: bool = False,
    ) -> SshChannel:
        """On the connection that is meant for it, else on the other, else as soon as there is room."""
        wait = 0.02
        while True:
            for spare in (bulk, not bulk):
                engine = self._connection(spare).engine
                bound = max(0.1, min(end - time.monotonic(), ROOM_S))
                with contextlib.suppress(Refused), self._patient() as patience:
                    patience.wakes(engine.hang_up)
                    return SshChannel(engine, argv, end_group or self._end_group, bound, short=short)
            if time.monotonic() + wait > end:
                raise TimedOut("the host gives no further session", "raise MaxSessions in its sshd_config")
            time.sleep(wait)
            wait = min(0.5, wait * 2)

    def _connection(self, spare: bool) -> Connection:
        with self._lock, self._patient() as patience:
            found = self._second if spare else self._first
            if found is not None and not found.engine.is_active():
                found.close()
                found = None
            other = self._first if spare else self._second
            if found is None and other is not None and other.code and other.engine.is_active():
                return other  # another login would ask a person for another code
            if found is None:
                found = self._new(patience)
            if spare:
                self._second = found
            else:
                self._first = found
            return found

    def _end_group(self, pid: int) -> None:
        """End a command that did not go by itself, and all of its group."""
        script = f"kill -s TERM -- -{pid}; sleep 0.2; kill -s KILL -- -{pid}"
        with contextlib.suppress(RemoteError):
            connection = self._first
            if connection is not None and connection.engine.answers(ANSWER_S / 2):
                channel = self._session(["sh", "-c", script], time.monotonic() + END_S, lambda _pid: None)
                channel.finish(b"", END_S)
