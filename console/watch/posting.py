"""The configuration of a watch on a host, made from the laptop's. Pure.

The host itself is `transport = "local"` there, with the same root and socket. Other hosts go along as they are typed;
what lies on the laptop only stays here and is named. Nothing secret is copied: no environment of a worker, no variable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from console.config import Config

_LAPTOPS = {"ssh", "ssh_config", "code", "transport"}  # keys that mean something on the laptop only


@dataclass(frozen=True, slots=True)
class Posting:
    """What goes there. `left`: what does not, and why; `variables`: alert → the variable that it needs there."""

    table: Mapping[str, Any]
    others: tuple[str, ...]  # hosts that must be reached from there
    left: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def posting(config: Config, raw: Mapping[str, Any], host: str, root: str, python: str) -> Posting:
    """`raw`: config.toml as it was written; `root` and `python`: the host's, as they are there."""
    hosts: dict[str, Any] = {}
    here = not config.hosts[host].remote  # the host is the laptop itself: what is local stays so
    for name, settings in config.hosts.items():
        given = dict(raw["hosts"][name])
        if name == host:
            own = {key: value for key, value in given.items() if key not in _LAPTOPS}
            hosts[name] = {**own, "transport": "local", "root": root, "socket": settings.socket, "python": python}
        elif settings.remote:
            own = {key: value for key, value in given.items() if key != "ssh_config"}
            hosts[name] = {**own, "ssh_config": settings.ssh_config} if here and settings.ssh_config else own
        elif here:
            hosts[name] = {**given, "root": settings.root, "socket": settings.socket, "python": settings.python}
    workers = {
        name: {key: value for key, value in raw["workers"][name].items() if key != "env"}
        for name, worker in config.workers.items()
        if worker.host in hosts
    }
    races = {}
    for name, race in config.races.items():
        rivals = [worker for worker in race.workers if worker in workers]
        if len(rivals) > 1:
            races[name] = {**raw["races"][name], "workers": rivals}
    alerts = {name: raw["alerts"][name] for name, alert in config.alerts.items() if not alert.terminal}
    table = {"hosts": hosts, "workers": workers, "races": races, "alerts": alerts}
    others = tuple(name for name in hosts if name != host and config.hosts[name].remote)
    variables = {name: config.alerts[name].webhook_env for name in alerts if config.alerts[name].webhook_env}
    return Posting(table, others, tuple(_left(config, table, host)), variables)


def _left(config: Config, table: Mapping[str, Mapping[str, Any]], host: str) -> Iterator[str]:
    for name, settings in config.hosts.items():
        if name not in table["hosts"]:
            yield f"{name} is this laptop: it is not watched from {host}, nor are its workers"
        elif name != host and settings.ssh_config and config.hosts[host].remote:
            yield f"{name}: the ssh configuration that {host} has counts there, not {settings.ssh_config}"
    for name in config.races:
        if name not in table["races"]:
            yield f"race {name}: its workers are not seen from {host}"
    for name, alert in config.alerts.items():
        if alert.terminal:
            yield f"alerts.{name}: nobody sees a terminal there"
        elif alert.command:
            yield f"alerts.{name}: {alert.command[0]} must be a program of {host}"
