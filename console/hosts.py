"""The ways to the hosts of a configuration, opened once each."""

from collections.abc import Callable

from console.config import Config
from console.preflight import HostTrainer
from remote.launcher import Launcher
from remote.local import LocalTransport
from remote.tmux import TmuxLauncher
from remote.transport import Transport


class Hosts:
    """Transports, launchers and trainers by host name. Safe to use from several threads once it is made."""

    def __init__(self, config: Config, transports: Callable[[str], Transport] | None = None) -> None:
        make = transports or (lambda _name: LocalTransport())
        self._config = config
        self._transports = {name: make(name) for name in config.hosts}

    def transport(self, name: str) -> Transport:
        return self._transports[name]

    def launcher(self, name: str) -> Launcher:
        return TmuxLauncher(self._transports[name], socket=self._config.hosts[name].socket)

    def trainer(self, name: str) -> HostTrainer:
        return HostTrainer(self._transports[name], self._config.hosts[name])

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
