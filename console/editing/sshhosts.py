"""Hosts of the ssh configuration as offers: a name for config.toml, what ssh makes of it, whether it is known."""

import os
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from remote.errors import RemoteError
from remote.ssh.aliases import aliases, own
from remote.ssh.destination import parse
from remote.ssh.settings import Settings, resolve

_AT_ONCE = 8
FILE_VARIABLE = "TRAJCONSOLE_SSH_CONFIG"  # another file than the user's own


@dataclass(frozen=True, slots=True)
class Offer:
    """A host that could be added."""

    name: str  # in config.toml
    ssh: str  # as after ssh
    where: str = ""  # user@address:port, and the way there
    known: bool = False
    problem: str = ""
    file: str = ""  # the ssh configuration, when it is another than the user's own

    @property
    def table(self) -> dict[str, str]:
        """What [hosts.NAME] holds."""
        return {"ssh": self.ssh, **({"ssh_config": self.file} if self.file else {})}


def ssh_file() -> Path:
    """Where the names come from."""
    given = os.environ.get(FILE_VARIABLE)
    return Path(given).expanduser().absolute() if given else own()


def offers(known: Collection[str], names: Collection[str]) -> list[Offer]:
    """All hosts of the ssh configuration. `known`: what the hosts of config.toml have as ssh; `names`: their names.

    ssh itself is asked what each means, several at a time: with many hosts that takes a moment.
    """
    file = os.environ.get(FILE_VARIABLE, "") and str(ssh_file())
    found = [item.name for item in aliases(ssh_file())]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        settled = list(pool.map(lambda name: _settings(name, file or None), found))
    taken = set(names)
    made = []
    for alias, (where, problem) in zip(found, settled, strict=True):
        is_known = alias in known
        name = alias if is_known and alias in names else name_for(alias, taken)
        taken.add(name)
        made.append(Offer(name, alias, where, is_known, problem, file))
    return made


def addition(typed: str, taken: Collection[str]) -> Offer:
    """A host that was typed."""
    try:
        host = parse(typed).host
    except ValueError as error:
        return Offer("", typed, problem=str(error))
    where, problem = _settings(typed, None)
    return Offer(name_for(host, taken), typed, where, problem=problem)


def name_for(alias: str, taken: Collection[str]) -> str:
    """A name that config.toml takes and that is free: gpu1.example.org becomes gpu1."""
    first = alias.split(".", maxsplit=1)[0] if "." in alias and not re.fullmatch(r"[\d.]+", alias) else alias
    base = re.sub(r"[^A-Za-z0-9_-]+", "-", first).strip("-_")[:36] or "host"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _settings(typed: str, file: str | None) -> tuple[str, str]:
    """Where it is, and what is wrong with it."""
    try:
        found = resolve(typed, file)
    except RemoteError as error:
        return "", f"{error.what} — {error.mend}" if error.mend else error.what
    return where(found), ""


def where(settings: Settings) -> str:
    """user@address, the port when it is another than ssh's own, the jump hosts."""
    port = f":{settings.port}" if settings.port != 22 else ""
    way = f" via {', '.join(settings.jumps)}" if settings.jumps else " via a command" if settings.proxy_command else ""
    return f"{settings.user}@{settings.host}{port}{way}"
