"""config.toml → one frozen value, or one error with everything that is wrong in it."""

import dataclasses
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console import sweeping
from console.config.tables import (
    DEFAULT_ROOT,
    DEFAULT_SOCKET,
    ROOT_VARIABLE,
    AlertConfig,
    Config,
    HistoryConfig,
    HostConfig,
    RaceConfig,
    SweepConfig,
    WorkerConfig,
)
from trainer.schema import ConfigError, Problem, Source, build, nearest, setting

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z")


def load(path: Path) -> Config:
    """Read and check a configuration. ConfigError names every problem with file, line, key and mend."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(path), None, "", f"cannot be read: {error}")]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """From TOML text; `path` is what relative paths start from and the name that errors use."""
    table = check_toml(text, path)
    source = Source(str(path), text)
    built = build(_File, table, source)
    config = Config(built.hosts, built.workers, built.races, built.alerts, built.history, path, built.sweeps)
    problems = list(sweeping.problems(config, source))
    if not problems:
        config = sweeping.expanded(config)
    problems += _problems(config, source)
    if problems:
        raise ConfigError(problems)
    return dataclasses.replace(config, hosts={name: _complete(host, path) for name, host in config.hosts.items()})


def check_toml(text: str, path: Path) -> dict[str, Any]:
    """The table that it is; ConfigError when it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError([Problem(str(path), int(line[1]) if line else None, "", f"not TOML: {error}")]) from None


@dataclass(frozen=True, slots=True)
class _File:
    hosts: Mapping[str, HostConfig] = setting(factory=dict)
    workers: Mapping[str, WorkerConfig] = setting(factory=dict)
    races: Mapping[str, RaceConfig] = setting(factory=dict)
    alerts: Mapping[str, AlertConfig] = setting(factory=dict)
    history: HistoryConfig = setting(factory=HistoryConfig)
    sweeps: Mapping[str, SweepConfig] = setting(factory=dict)


def _problems(config: Config, source: Source) -> Iterator[Problem]:
    """What no single key can tell."""
    for table, names in (
        ("hosts", config.hosts),
        ("workers", config.workers),
        ("races", config.races),
        ("alerts", config.alerts),
        ("sweeps", config.sweeps),
    ):
        for name in names:
            if not is_name(name):
                yield source.problem(f"{table}.{name}", "cannot be a name", "use up to 40 letters, digits, - and _")
    if not config.hosts:
        yield source.problem("hosts", "no host is configured", "add [hosts.here]: this machine")
    for name, worker in config.workers.items():
        if worker.host not in config.hosts:
            mend = nearest(worker.host, list(config.hosts))
            yield source.problem(f"workers.{name}.host", f"unknown host {worker.host!r}", mend)
        yield from _after_problems(name, worker, config, source)
    for name, race in config.races.items():
        yield from _race_problems(name, race, config, source)


def _after_problems(name: str, worker: WorkerConfig, config: Config, source: Source) -> Iterator[Problem]:
    key = f"workers.{name}.after"
    for other in worker.after:
        if other not in config.workers:
            yield source.problem(key, f"unknown worker {other!r}", nearest(other, list(config.workers)))
        elif config.workers[other].host != worker.host:
            mend = "a worker waits for others of its own host only"
            yield source.problem(key, f"{other!r} is on {config.workers[other].host}", mend)
        elif name in _waits_for(other, config, ()):
            yield source.problem(key, f"{name} and {other} wait for each other", "take one of them out")


def _waits_for(name: str, config: Config, seen: tuple[str, ...]) -> set[str]:
    """All that a worker waits for, itself included, directly or not."""
    worker = config.workers.get(name)
    if worker is None or name in seen:
        return {name}
    return {name}.union(*(_waits_for(other, config, (*seen, name)) for other in worker.after))


def _race_problems(name: str, race: RaceConfig, config: Config, source: Source) -> Iterator[Problem]:
    key = f"races.{name}.workers"
    unknown = [worker for worker in race.workers if worker not in config.workers]
    for worker in unknown:
        yield source.problem(key, f"unknown worker {worker!r}", nearest(worker, list(config.workers)))
    if len(set(race.workers)) < len(race.workers):
        yield source.problem(key, "names a worker twice", "each worker races once")
    if len(race.workers) < 2:
        yield source.problem(key, "a race needs two workers", "name at least two of [workers]")
    known = [worker for worker in race.workers if worker in config.workers]
    foreign = [worker for worker in known if config.workers[worker].command]
    for worker in foreign:
        yield source.problem(key, f"{worker!r} is a command", "only trainer workers can race: they have criteria")


def _complete(host: HostConfig, path: Path) -> HostConfig:
    """With what is left empty filled in: for this machine from its environment, for another one from its own home."""
    if host.remote:
        root = host.root.rstrip("/") or DEFAULT_ROOT
        ssh_config = str(path.absolute().parent / Path(host.ssh_config).expanduser()) if host.ssh_config else ""
        return dataclasses.replace(
            host,
            transport="ssh",
            root=root,
            ssh_config=ssh_config,
            socket=host.socket or socket_of(root),
        )
    root = str(Path(host.root or os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT).expanduser().absolute())
    return dataclasses.replace(
        host, transport="local", root=root, socket=host.socket or socket_of(root), python=host.python or sys.executable
    )


def socket_of(root: str) -> str:
    """The tmux server of a root: two roots on one machine never share sessions."""
    if root in (DEFAULT_ROOT, str(Path(DEFAULT_ROOT).expanduser())):
        return DEFAULT_SOCKET
    return f"{DEFAULT_SOCKET}-{hashlib.blake2b(root.encode(), digest_size=4).hexdigest()}"


def is_name(text: str) -> bool:
    """What a host, a worker or a race may be called."""
    return _NAME.match(text) is not None
