"""One login, through as many hosts as it takes: every hop resolved, its key verified, its wait bounded."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import paramiko

from remote.errors import RemoteError, TimedOut, Unreachable
from remote.ssh import dial, host_keys
from remote.ssh.auth import Secrets, log_in
from remote.ssh.patience import Patience
from remote.ssh.protocol import Engine
from remote.ssh.settings import Settings, resolve

MOST_HOPS = 8


@dataclass(slots=True)
class Connection:
    """The last hop's engine; closing it closes the hops below, too."""

    engine: Engine
    settings: Settings
    closers: list[Callable[[], None]] = field(default_factory=list)
    code: bool = False  # some hop took a code: another connection would ask a person again

    def close(self) -> None:
        for close in reversed(self.closers):
            close()
        self.closers = []


def path_to(typed: str, config_file: str | None, patience: Patience | None = None) -> list[Settings]:
    """All hops, the nearest first. A host's own ProxyJump counts for the first of a chain, as with ssh."""
    settings = [resolve(typed, config_file, patience)]
    while settings[0].jumps:
        ahead = [resolve(jump, config_file, patience) for jump in settings[0].jumps]
        settings = ahead + settings
        if len(settings) > MOST_HOPS:
            raise RemoteError(f"{typed} is more than {MOST_HOPS} jumps away", "look for a ProxyJump that names itself")
    return settings


def connect(
    path: list[Settings], secrets: Secrets, name: str, patience: Patience | None = None, *, log_in_last: bool = True
) -> Connection:
    """Logged in at the end of the path; without `log_in_last`, only its key has been verified."""
    patience = patience or Patience()
    found: Connection | None = None
    closers: list[Callable[[], None]] = []
    code = False
    try:
        for number, settings in enumerate(path):
            found = _hop(found, settings, name, closers, patience)
            if log_in_last or number < len(path) - 1:
                code |= log_in(found.engine, settings, secrets, max(15.0, settings.connect_timeout), patience)
                found.engine.settle()
        patience.check()
    except BaseException:
        for close in reversed(closers):
            close()
        raise
    assert found is not None
    return Connection(found.engine, found.settings, closers, code)


def _hop(
    below: Connection | None, settings: Settings, name: str, closers: list[Callable[[], None]], patience: Patience
) -> Connection:
    """Reach the host over what is there, and know it by its key."""
    end = time.monotonic() + settings.connect_timeout
    where = f"{settings.host} port {settings.port}"
    words: Callable[[], str] = str
    if below is not None:
        engine = Engine(_through(below, settings))
    elif settings.proxy_command:
        proxy = dial.Proxy(settings.proxy_command)
        closers.append(proxy.close)
        words, where = proxy.said, f"{settings.host} by its ProxyCommand"
        engine = Engine(proxy.sock)
    else:
        engine = Engine(dial.tcp(settings.host, settings.port, settings.connect_timeout, patience))
    closers.append(engine.end)
    patience.wakes(engine.hang_up)
    entries = host_keys.entries_of(settings)
    kinds = host_keys.known_kinds(settings, entries)
    engine.prefer(kinds, certificates=host_keys.wants_certificate(settings, entries))
    try:
        engine.handshake(max(1.0, end - time.monotonic()))
    except TimeoutError:
        patience.check()
        what = f"{where} is open, but did not speak SSH to its end within {settings.connect_timeout:g} s"
        raise TimedOut(what) from None
    except paramiko.ssh_exception.IncompatiblePeer as error:
        mend = "its sshd is too old for safe algorithms: update it"
        raise Unreachable(f"{where}: {error}", mend) from None
    except (EOFError, OSError, paramiko.SSHException) as error:
        patience.check()
        said = words() or str(error).strip() or "it hung up"
        raise Unreachable(f"{where} does not speak SSH: {said}") from None
    key = engine.get_remote_server_key()
    host_keys.verify(settings, entries, key.get_name(), key.asbytes(), name, certificate=engine.host_certificate)
    return Connection(engine, settings)


def _through(below: Connection, settings: Settings) -> paramiko.Channel:
    """A way through the host below to the next one."""
    here = below.settings.host
    target = (settings.host, settings.port)
    with contextlib.suppress(EOFError):
        try:
            return below.engine.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=settings.connect_timeout)
        except paramiko.ChannelException as error:
            raise Unreachable(f"{here} does not reach {settings.host} port {settings.port}: {error.text}") from None
        except paramiko.SSHException as error:
            raise TimedOut(f"{here} did not open the way to {settings.host}: {error}") from None
    raise Unreachable(f"{here} hung up while it opened the way to {settings.host}")
