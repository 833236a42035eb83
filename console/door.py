"""What a host wants to know before it lets us in: is this its key, what is the passphrase, the password, the code.

Links and actions ask from threads of their own and wait; a person answers on the screen. An answer is handed to whoever
asked and kept nowhere here.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.hosts import Hosts
from console.source import HostKey

if TYPE_CHECKING:
    from remote.ssh.transport import SshTransport


@dataclass(eq=False, slots=True)
class Question:
    """One question, until it is answered. None: nobody will. `echo`: what is typed may be seen."""

    prompt: str
    echo: bool = False
    answered: threading.Event = field(default_factory=threading.Event)
    answer: str | None = None

    def say(self, answer: str | None) -> None:
        """Answer it; whoever asked goes on."""
        self.answer = answer
        self.answered.set()


class Questions:
    """Open questions, oldest first. `ask` is what transports are given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Question] = []
        self._over = False
        self._tell: Callable[[], object] = lambda: None

    def ask(self, prompt: str, *, echo: bool = False) -> str | None:
        """Wait for a person's answer."""
        question = Question(prompt, echo)
        with self._lock:
            if self._over:
                return None
            self._open.append(question)
        self._tell()
        question.answered.wait()
        with self._lock:
            self._open.remove(question)
        return question.answer

    @property
    def waiting(self) -> tuple[Question, ...]:
        """Those that nobody has answered yet."""
        with self._lock:
            return tuple(question for question in self._open if not question.answered.is_set())

    def listen(self, tell: Callable[[], object]) -> None:
        """Be told, from any thread, that there is a new one."""
        self._tell = tell

    def close(self) -> None:
        """Nobody will answer any more: let everybody go who waits."""
        with self._lock:
            self._over = True
            left = tuple(self._open)
        for question in left:
            question.say(None)


class HostDoor:
    """See `console.source.Door`."""

    def __init__(self, questions: Questions, hosts: Hosts, retry: Callable[[str], None]) -> None:
        self.questions = questions
        self._hosts, self._retry = hosts, retry

    def key_of(self, host: str) -> HostKey | None:
        problem = self._ssh(host).trust()
        if problem is None:
            return None
        return HostKey(host, problem.settings.known_as[0], problem.kind, problem.fingerprint, problem)

    def trust(self, key: HostKey) -> str:
        from remote.ssh.host_keys import UnknownHostKey, trust  # noqa: PLC0415 - paramiko only where a host needs it

        assert isinstance(key.found, UnknownHostKey)
        return str(trust(key.found))

    def knock(self, host: str) -> None:
        from remote.ssh.transport import SshTransport  # noqa: PLC0415

        transport = self._hosts.transport(host)
        if isinstance(transport, SshTransport):
            transport.ask_again()
        self._retry(host)

    def _ssh(self, host: str) -> "SshTransport":
        from remote.ssh.transport import SshTransport  # noqa: PLC0415

        transport = self._hosts.transport(host)
        assert isinstance(transport, SshTransport), "only ssh hosts show keys"
        return transport
