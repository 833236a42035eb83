"""Logging in: the agent's keys, key files with their certificates, then what a person knows.

A secret is asked for at most once per console and kept in memory only, so that a reconnection need not ask; it never
comes into an error, a log or a file. What holds for one login only, such as a code, is not even kept in memory.
"""

import base64
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import paramiko
from paramiko.agent import AgentKey, AgentSSH
from paramiko.pkey import UnknownKeyType

from remote.errors import AuthFailed, TimedOut, Unreachable
from remote.ssh.interactive import GaveUp, Prompt, Round, converse
from remote.ssh.patience import Patience
from remote.ssh.protocol import Engine
from remote.ssh.settings import Settings

AGENT_S = 30.0  # some agents ask a person before they sign
MOST_KEYS = 6  # a server of OpenSSH hangs up after as many
MOST_STEPS = 3  # a key, a password and a code


class Ask(Protocol):
    """A person's answer. `echo`: it may be seen while it is typed. None: nobody answers."""

    def __call__(self, prompt: str, *, echo: bool = False) -> str | None: ...


@dataclass
class Secrets:
    """What was unlocked, for the life of the console."""

    ask: Ask | None = None
    keys: dict[Path, paramiko.PKey] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)  # by user@host
    refused: set[str] = field(default_factory=set)  # prompts that were answered with nothing or with something wrong
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, prompt: str) -> str | None:
        """Ask, once."""
        if self.ask is None or prompt in self.refused:
            return None
        self.refused.add(prompt)
        return self.ask(prompt, echo=False)


@dataclass(slots=True)
class _Attempt:
    engine: Engine
    settings: Settings
    secrets: Secrets
    timeout: float
    tried: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)  # what the server would take, when it has said so
    partly: bool = False  # it took the last thing, and wants another
    said: str = ""  # the server's last words
    code: bool = False  # a person had to answer something that holds for this login only

    @property
    def whom(self) -> str:
        return f"{self.settings.user}@{self.settings.host}"


def log_in(engine: Engine, settings: Settings, secrets: Secrets, timeout: float, patience: Patience) -> bool:
    """AuthFailed names what was tried. True: another login needs a person again, for it takes a code."""
    attempt = _Attempt(engine, settings, secrets, timeout)
    engine.auth_timeout = timeout
    agent = _Agent(settings.agent, patience)
    try:
        if _by_key(attempt, agent) or _by_answers(attempt):
            return attempt.code
    except (EOFError, OSError) as error:  # paramiko hands on what its reading thread met
        raise Unreachable(f"{settings.host} hung up during the login: {str(error) or 'it is gone'}") from None
    finally:
        agent.close()
    patience.check()
    raise _refusal(attempt)


def _by_key(attempt: _Attempt, agent: "_Agent") -> bool:
    for name, key in _keys(attempt, agent):
        if _try_key(attempt, name, key):
            return True
        if attempt.partly and "publickey" not in attempt.methods:
            return False  # it took this one: the next step is of another kind
    return False


def _by_answers(attempt: _Attempt) -> bool:
    """A conversation before a plain password, as ssh does it: it may be about more than a password."""
    settings = attempt.settings
    for _ in range(MOST_STEPS):
        offered = _offered(attempt) if settings.password or settings.interactive else ()
        attempt.partly = False
        if settings.interactive and "keyboard-interactive" in offered:
            answered = _Answers(attempt)
            if _try_interactive(attempt, answered):
                return True
            if answered.asked and not attempt.partly:
                return False
        if not attempt.partly and settings.password and "password" in offered and _try_password(attempt):
            return True
        if not attempt.partly:
            return False
    return False


class _Agent(AgentSSH):
    """An agent behind a socket of our choice; without one, or when it does not answer, an agent without keys."""

    def __init__(self, path: str | None, patience: Patience) -> None:
        super().__init__()
        self._socket: socket.socket | None = None
        if path is None:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(AGENT_S)
        hung = self._socket
        patience.wakes(lambda: hung.shutdown(socket.SHUT_RDWR))
        try:
            self._socket.connect(path)
            self._connect(self._socket)  # type: ignore[attr-defined] # the stubs leave it out
        except (OSError, paramiko.SSHException):
            self._socket.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


def _keys(attempt: _Attempt, agent: _Agent) -> Iterator[tuple[str, paramiko.PKey]]:
    """Those that cost no question first; of the agent's, those that the configuration names first."""
    settings, secrets = attempt.settings, attempt.secrets
    named = {_public(path): path for path in settings.identities}
    held: list[AgentKey] = list(agent.get_keys())
    wanted = [key for key in held if key.asbytes() in named]
    others = [] if settings.identities_only else [key for key in held if key.asbytes() not in named]
    for key in wanted + others:
        yield f"agent key {key.comment or key.get_name()}", key
    in_agent = {named[key.asbytes()] for key in wanted}
    locked = []
    for path in settings.identities:
        if path in in_agent or not path.is_file():
            continue
        try:
            yield from _with_certificates(attempt, path, secrets.keys.get(path) or paramiko.PKey.from_path(path))
        except (TypeError, paramiko.PasswordRequiredException):
            locked.append(path)
        except (ValueError, OSError, paramiko.SSHException, UnknownKeyType):
            attempt.tried.append(f"{path} (cannot be read)")
    for path in locked:
        opened = _unlock(attempt, path)
        if opened is not None:
            yield from _with_certificates(attempt, path, opened)


def _with_certificates(attempt: _Attempt, path: Path, key: paramiko.PKey) -> Iterator[tuple[str, paramiko.PKey]]:
    """The key with the certificates that were named for it, then as it was loaded: with the one beside it, if any."""
    beside = key.public_blob
    for certificate in attempt.settings.certificates:
        try:
            key.load_certificate(str(certificate))
        except (ValueError, OSError):
            continue  # another key's
        yield f"{path} with {certificate.name}", key
        key.public_blob = beside
    yield str(path), key


def _public(path: Path) -> bytes:
    """The public half beside a key file; empty when it is not there."""
    try:
        words = Path(f"{path}.pub").read_text("utf-8").split()
        return base64.b64decode(words[1]) if len(words) > 1 else b""
    except (OSError, ValueError):
        return b""


def _unlock(attempt: _Attempt, path: Path) -> paramiko.PKey | None:
    secrets = attempt.secrets
    with secrets.lock:
        if path in secrets.keys:
            return secrets.keys[path]
        secret = secrets.of(f"passphrase of {path}: ")
        if secret is None:
            attempt.tried.append(f"{path} (locked by a passphrase)")
            return None
        try:
            secrets.keys[path] = paramiko.PKey.from_path(path, secret.encode())  # type: ignore[arg-type]
        except (TypeError, ValueError, OSError, paramiko.SSHException):
            attempt.tried.append(f"{path} (wrong passphrase)")
            return None
        return secrets.keys[path]


def _try_key(attempt: _Attempt, name: str, key: paramiko.PKey) -> bool:
    if len(attempt.tried) >= MOST_KEYS:
        return False
    attempt.tried.append(name)
    try:
        return _accepted(attempt, attempt.engine.auth_publickey(attempt.settings.user, key))
    except paramiko.BadAuthenticationType as error:
        attempt.methods = list(error.allowed_types)
    except paramiko.AuthenticationException as error:
        _still_there(attempt, error)
    except (paramiko.SSHException, ValueError) as error:  # a key that this server or this library cannot use
        attempt.tried[-1] += f" ({error})"
        _still_there(attempt, error)
    return False


def _accepted(attempt: _Attempt, still_wanted: list[str]) -> bool:
    """Logged in, or on the way: some servers want a password after the key."""
    attempt.methods, attempt.partly = list(still_wanted), bool(still_wanted)
    return not still_wanted


def _try_password(attempt: _Attempt) -> bool:
    settings, secrets = attempt.settings, attempt.secrets
    with secrets.lock:
        password = secrets.passwords.get(attempt.whom)
        if password is None:
            password = secrets.of(f"password of {attempt.whom}: ")
        if password is None:
            return False
        attempt.tried.append("password")
        try:
            still_wanted = attempt.engine.auth_password(settings.user, password, fallback=False)
        except paramiko.AuthenticationException as error:
            secrets.passwords.pop(attempt.whom, None)
            _still_there(attempt, error)
            return False
        except paramiko.SSHException as error:
            raise Unreachable(f"{settings.host} hung up during the login: {error}") from None
        secrets.passwords[attempt.whom] = password
        return _accepted(attempt, still_wanted)


class _Answers:
    """A person's part of one conversation. The password of before is given again, once; all else is asked for."""

    def __init__(self, attempt: _Attempt) -> None:
        self.asked = False  # something was answered
        self.password: str | None = None
        self.code = False
        self._attempt = attempt

    def to(self, round: Round) -> list[str]:
        self._attempt.said = " ".join(round.words) or self._attempt.said
        return [self._one(() if number else round.words, prompt) for number, prompt in enumerate(round.prompts)]

    def _one(self, words: tuple[str, ...], prompt: Prompt) -> str:
        self.asked = True
        secrets, whom = self._attempt.secrets, self._attempt.whom
        known = secrets.passwords.get(whom) if prompt.lasting and self.password is None else None
        if known is None:
            text = "\n".join([f"{whom} asks:", *words, prompt.text]) if words else f"{whom} asks: {prompt.text}"
            known = secrets.ask(f"{text} ", echo=prompt.echo) if secrets.ask is not None else None
        if known is None:
            raise GaveUp
        if prompt.lasting:
            self.password = known
        else:
            self.code = True
        return known


def _try_interactive(attempt: _Attempt, answers: _Answers) -> bool:
    """Asked at most once until a person wants it again; a login that succeeded may ask the next time."""
    settings, secrets = attempt.settings, attempt.secrets
    whole = f"questions of {attempt.whom}"
    with secrets.lock:
        if whole in secrets.refused:
            attempt.tried.append("keyboard-interactive (not answered again)")
            answers.asked = True
            return False
        attempt.tried.append("keyboard-interactive")
        try:
            still_wanted = converse(attempt.engine, settings.user, answers.to, attempt.timeout)
        except GaveUp:
            secrets.refused.add(whole)
            attempt.tried[-1] += " (nobody answered)"
            return False
        except paramiko.AuthenticationException as error:
            _still_there(attempt, error)
            secrets.passwords.pop(attempt.whom, None)
            if answers.asked:
                secrets.refused.add(whole)
                attempt.tried[-1] += " (the answers were not accepted)"
            return False
        except (EOFError, OSError, paramiko.SSHException) as error:
            raise Unreachable(f"{settings.host} hung up during the login: {error}") from None
        if answers.password is not None:
            secrets.passwords[attempt.whom] = answers.password
        attempt.code = attempt.code or answers.code
        return _accepted(attempt, still_wanted)


def _offered(attempt: _Attempt) -> list[str]:
    """What the server takes, asked with a login that cannot succeed when no answer has told it yet."""
    if not attempt.methods:
        try:
            attempt.engine.auth_none(attempt.settings.user)
        except paramiko.BadAuthenticationType as error:
            attempt.methods = list(error.allowed_types)
        except paramiko.SSHException as error:
            _still_there(attempt, error)
    return attempt.methods


def _still_there(attempt: _Attempt, error: Exception) -> None:
    """A server that is gone has refused nobody, unless it hung up after several tries."""
    host = attempt.settings.host
    if "timeout" in str(error).lower():
        raise TimedOut(f"{host} did not answer during the login") from None
    if not attempt.engine.is_active():
        if len(attempt.tried) > 1:
            raise _refusal(attempt) from None
        raise Unreachable(f"{host} hung up during the login") from None


def _refusal(attempt: _Attempt) -> AuthFailed:
    settings = attempt.settings
    tried = ", ".join(attempt.tried) or "nothing: there is no key and no agent"
    takes = f"; it takes {', '.join(attempt.methods)}" if attempt.methods else ""
    locked = any("locked by" in word for word in attempt.tried)
    port = f" -p {settings.port}" if settings.port != 22 else ""
    mend = "ssh-add the key" if locked else f"give it a key: ssh-copy-id{port} {settings.user}@{settings.host}"
    said = f"; it says: {attempt.said}" if attempt.said else ""
    return AuthFailed(f"{settings.host} does not let {settings.user} in: tried {tried}{takes}{said}", mend)
