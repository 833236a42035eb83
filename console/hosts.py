"""The ways to the hosts of a configuration, opened once each."""

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from console.config import Config, HostConfig
from remote import pythons
from remote.deploy.store import Store
from remote.errors import CommandFailed
from remote.launcher import Launcher
from remote.local import LocalTransport
from remote.tmux import TmuxLauncher
from remote.transport import Transport


class Ask(Protocol):
    """A prompt for a passphrase, a password or a code → the answer; None: nobody is there. `echo`: it may be seen."""

    def __call__(self, prompt: str, *, echo: bool = False) -> str | None: ...


def make_transport(name: str, host: HostConfig, ask: Ask | None = None) -> Transport:
    """Nothing is opened yet."""
    if not host.remote:
        return LocalTransport()
    from remote.ssh.transport import SshTransport  # noqa: PLC0415 - paramiko only where a host needs it

    return SshTransport(host.ssh, name=name, config_file=host.ssh_config or None, ask=ask)


class Hosts:
    """Transports, launchers, Pythons and stores by host name. Safe to use from several threads once it is made."""

    def __init__(
        self, config: Config, transports: Callable[[str], Transport] | None = None, *, ask: Ask | None = None
    ) -> None:
        self._make = transports or (lambda name: make_transport(name, self._config.hosts[name], ask))
        self._config = config
        self._transports = {name: self._make(name) for name in config.hosts}
        self._roots = {name: host.root for name, host in config.hosts.items() if host.root.startswith("/")}
        self._stores: dict[str, Store] = {}
        self._pythons: dict[str, pythons.Search] = {}
        self._looking = {name: threading.Lock() for name in config.hosts}
        self._lock = threading.Lock()

    def transport(self, name: str) -> Transport:
        return self._transports[name]

    def take_up(self, config: Config, made: Mapping[str, Transport] | None = None) -> list[Transport]:
        """Another configuration. Ways to hosts that stay as they are stay; `made` are ways that are open already.
        Returns those that nobody needs any more, for the caller to close.
        """
        stay = {name for name, host in config.hosts.items() if self._config.hosts.get(name) == host}
        before, self._config = self._transports, config
        ready = {**(made or {}), **{name: before[name] for name in stay}}
        with self._lock:
            self._transports = {name: ready.get(name) or self._make(name) for name in config.hosts}
            own = {name: host.root for name, host in config.hosts.items() if host.root.startswith("/")}
            self._roots = {**{name: root for name, root in self._roots.items() if name in stay}, **own}
            self._stores = {name: store for name, store in self._stores.items() if name in stay}
            self._pythons = {name: found for name, found in self._pythons.items() if name in stay}
            self._looking = {name: self._looking.get(name) or threading.Lock() for name in config.hosts}
        return [transport for name, transport in before.items() if name not in stay]

    def root(self, name: str) -> str:
        """The host's root as an absolute path; a RemoteError when the host had to be asked and did not answer."""
        with self._lock:
            known = self._roots.get(name)
        if known is not None:
            return known
        done = self._transports[name].run(["sh", "-c", 'printf %s "$HOME"'])
        home = done.stdout.decode("utf-8", "surrogateescape")
        if done.code != 0 or not home.startswith("/"):
            raise CommandFailed(
                f"{name} does not say where its home folder is", "set the host's root to an absolute path"
            )
        with self._lock:
            return self._roots.setdefault(name, home.rstrip("/") + self._config.hosts[name].root[1:])

    def launcher(self, name: str) -> Launcher:
        return TmuxLauncher(self._transports[name], socket=self._config.hosts[name].socket)

    def finds_python(self, name: str) -> bool:
        """Whether its Python is another one than that which runs this console."""
        host = self._config.hosts[name]
        return host.remote or host.python != sys.executable

    def python(self, name: str) -> pythons.Search:
        """The Python that was named, or the best that is there; asked for once."""
        from console.shipping.packages import MODULES  # noqa: PLC0415 - only where something is started

        with self._looking[name]:
            if name not in self._pythons:
                host = self._config.hosts[name]
                if self.finds_python(name):
                    self._pythons[name] = pythons.find(self._transports[name], host.python, MODULES)
                else:
                    self._pythons[name] = pythons.this_one(MODULES)
            return self._pythons[name]

    def store(self, name: str) -> Store:
        """Where code lies on the host."""
        root, search = self.root(name), self.python(name)
        with self._lock:
            if name not in self._stores:
                self._stores[name] = Store(self._transports[name], search.command or "python3", root)
            return self._stores[name]

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
