"""config.toml → one frozen value, or one error with everything that is wrong in it.

[hosts.NAME]    a machine; `transport = "local"` is this one
[workers.NAME]  what to run and where: a trainer configuration, or any command
[races.NAME]    workers that race for the same criteria
[sweeps.NAME]   one worker with many values: a worker for each of them
[alerts.NAME]   a way to tell a person who is not looking
[history]       how long this laptop keeps what it knows of runs
"""

import dataclasses
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from console import rates, spans, sweeping
from console.alerts import quiet
from console.races.settings import Behind, Patience, Rules
from remote.ssh.destination import parse as parse_destination
from trainer.record import toml
from trainer.schema import BadSetting, ConfigError, Problem, Source, build, nearest, setting

DEFAULT_ROOT = "~/.trajconsole"
DEFAULT_SOCKET = "trajconsole"
ROOT_VARIABLE = "TRAJCONSOLE_ROOT"
STATE_VARIABLE = "TRAJCONSOLE_STATE"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z")


@dataclass(frozen=True, slots=True)
class HostConfig:
    """[hosts.NAME]"""

    transport: Literal["", "local", "ssh"] = setting("", "how to reach it: local is this machine; ssh when ssh is set")
    ssh: str = setting("", "the host as one would type it after ssh: alias, user@host, user@host:port")
    ssh_config: str = setting("", "an ssh configuration to use in place of the user's, relative to this file")
    root: str = setting(
        "", f"folder for runs, races and data on the host; empty: ${ROOT_VARIABLE}, else {DEFAULT_ROOT}"
    )
    socket: str = setting("", "name of the tmux server; empty: one of its own per root")
    python: str = setting(
        "", "the Python that trains on the host; empty: the one that runs this console, over ssh one that is found"
    )
    code: str = setting("", "folder on an ssh host that holds the trainer package; empty: it is sent there")

    bandwidth: str = setting("", "most that transfers take of its line, as in 20MB/s; empty: all there is")
    price: float = setting(0.0, "what an hour of it costs; 0: nothing", low=0.0)
    currency: str = setting("", "of the price, as in EUR")

    def __post_init__(self) -> None:
        if self.currency and not self.price:
            raise BadSetting("currency", "belongs to a price", "add price = …: what an hour costs")
        if len(self.currency) > 8:
            raise BadSetting("currency", f"{self.currency!r} is too long", "write EUR, USD, $")
        if self.bandwidth:
            try:
                rates.parse(self.bandwidth)
            except ValueError as error:
                raise BadSetting("bandwidth", str(error)) from None
        if self.ssh and self.transport == "local":
            raise ValueError('has both transport = "local" and ssh = …: a host is this machine or another, remove one')
        if self.transport == "ssh" and not self.ssh:
            raise ValueError("needs ssh = …: the host as one would type it after ssh")
        if not self.ssh and (self.ssh_config or self.code):
            raise ValueError("ssh_config and code belong to hosts with ssh = …")
        if self.ssh:
            parse_destination(self.ssh)
        if self.code and not self.code.startswith("/"):
            raise ValueError(f"code = {self.code!r}: write an absolute path of the host")
        if self.ssh and self.root and not self.root.startswith(("/", "~/")):
            raise ValueError(f"root = {self.root!r}: on another machine it must begin with / or ~/")

    @property
    def remote(self) -> bool:
        """Another machine than this one."""
        return bool(self.ssh)

    @property
    def any_python(self) -> str:
        """One that can run the probe, without looking around."""
        return self.python or "python3"


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """[workers.NAME]: either `trainer` (with `set`) or `command` (with `folder` and `env`)."""

    host: str = setting(doc="name of one of the [hosts]")
    trainer: str = setting("", "a preset's name or a trainer configuration, relative to this file")
    set: Mapping[str, Any] = setting(factory=dict, doc="overrides of it, as in { run.epochs = 3 }")
    command: tuple[str, ...] = setting((), "any other program with its arguments; {run} is the run's folder")
    folder: str = setting("", "where the command runs; empty: in the code, else in the run's folder")
    env: Mapping[str, str] = setting(factory=dict, doc="environment of the worker")
    code: str = setting("", "folder or git checkout on this laptop that is sent to the host, relative to this file")
    branch: str = setting("", "branch, tag or commit of it; empty: its work tree as it is")
    gpus: float = setting(0.0, "GPUs that it waits for in its host's queue: 2, or a share as 0.5; 0: it does not queue")
    after: tuple[str, ...] = setting((), "names of workers of the same host that must have ended first")
    after_end: Literal["success", "any"] = setting("success", "which end of those will do")
    grace: str = setting("", "how long a stop waits for its checkpoint before it sends signals, as 5m; empty: 60 s")
    cloned_from: str = setting("", "the run or worker that it was made from; its runs name it")
    cloned_with: Mapping[str, Any] = setting(factory=dict, doc="what was changed then")

    def __post_init__(self) -> None:
        if bool(self.trainer) == bool(self.command):
            raise ValueError("needs either trainer = … or command = […], and not both")
        if self.command and self.set:
            raise ValueError("set belongs to trainer; a command takes its settings as arguments or env")
        if self.trainer and self.folder:
            raise ValueError("folder belongs to command; a trainer works in its run's folder")
        if self.branch and not self.code:
            raise ValueError("branch needs code = …: the git checkout that it is a branch of")
        if self.gpus < 0 or (self.gpus > 1 and self.gpus % 1):
            raise BadSetting("gpus", f"{self.gpus:g} is no number of GPUs", "write 1, 2, …, or a share of one as 0.5")
        if self.grace:
            try:
                spans.parse(self.grace)
            except ValueError as error:
                raise BadSetting("grace", str(error)) from None
        if self.code and (self.folder.startswith(("/", "~")) or ".." in self.folder.split("/")):
            raise ValueError(f"folder = {self.folder!r}: with code it is a folder inside the code")


@dataclass(frozen=True, slots=True)
class RaceConfig:
    """[races.NAME]"""

    workers: tuple[str, ...] = setting(doc="names of the [workers] that race")
    wall_time: str = setting("", "the race is over so long after its start, as 8h or 90m; empty: it may take for ever")
    patience: Patience | None = setting(None, "stop a rival that does not get better: { metric, mode, epochs }")
    behind: Behind | None = setting(None, "stop rivals that fall behind: { metric, mode, after, margin or keep }")

    def __post_init__(self) -> None:
        if self.wall_time:
            try:
                spans.parse(self.wall_time)
            except ValueError as error:
                raise BadSetting("wall_time", str(error)) from None

    @property
    def rules(self) -> Rules:
        """Its budget rules."""
        return Rules(spans.parse(self.wall_time) if self.wall_time else None, self.patience, self.behind)


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """[sweeps.NAME]: either `grid` or `list`."""

    worker: str = setting(doc="name of one of the [workers]: what all have in common")
    grid: Mapping[str, Any] = setting(factory=dict, doc="key → list of values; every combination is a worker")
    list: tuple[Mapping[str, Any], ...] = setting((), "or the combinations one by one")
    hosts: tuple[str, ...] = setting((), "hosts that take turns; empty: the worker's own")
    gpus: float = setting(0.0, "GPUs that each waits for; 0: as the worker says")
    at_once: int = setting(0, "most that run at the same time on a host; 0: no limit", low=0)

    def __post_init__(self) -> None:
        if bool(self.grid) == bool(self.list):
            raise ValueError("needs either grid = { … } or list = [ … ], and not both")
        if self.gpus < 0 or (self.gpus > 1 and self.gpus % 1):
            raise BadSetting("gpus", f"{self.gpus:g} is no number of GPUs", "write 1, 2, …, or a share of one as 0.5")


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """[alerts.NAME]: one of `command`, `webhook`, `webhook_env`, `terminal`."""

    command: tuple[str, ...] = setting((), "a program of this laptop; the alert is in $TRAJ_TITLE and $TRAJ_TEXT")
    webhook: str = setting("", "an address that is posted to; one that is a secret belongs into webhook_env")
    webhook_env: str = setting("", "name of the environment variable that holds the address")
    shape: Literal["json", "slack", "ntfy"] = setting("json", "how the webhook wants it")
    terminal: Literal["", "bell", "osc9", "osc777"] = setting("", "the terminal's bell or its own notifications")
    level: Literal["note", "warning", "error"] = setting("warning", "nothing below this; note: ends and winners too")
    quiet: str = setting(
        "", "hours in which only errors are told at once, as 22:00-07:00; the rest waits for their end"
    )

    def __post_init__(self) -> None:
        ways = [name for name in ("command", "webhook", "webhook_env", "terminal") if getattr(self, name)]
        if len(ways) != 1:
            said = f"has {' and '.join(ways)}" if ways else "says no way"
            raise ValueError(f"{said}: needs one of command, webhook, webhook_env, terminal")
        if self.webhook and not self.webhook.startswith(("http://", "https://")):
            raise BadSetting("webhook", "is no address", "begin with https://")
        if self.quiet:
            try:
                quiet.parse(self.quiet)
            except ValueError as error:
                raise BadSetting("quiet", str(error)) from None


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """[history]: what `trajconsole history prune` removes from this laptop; nothing while nothing is said here."""

    keep_runs: str = setting("", "runs that ended longer ago are forgotten, as 2y; empty: never")
    keep_mirror: str = setting("", "their metrics, events and logs go already after this, as 90d; empty: never")
    keep: tuple[str, ...] = setting((), "searches, as tag:paper: what one of them finds is kept for ever")

    def __post_init__(self) -> None:
        for name in ("keep_runs", "keep_mirror"):
            try:
                spans.parse(getattr(self, name) or "1d")
            except ValueError as error:
                raise BadSetting(name, str(error)) from None


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of config.toml, the workers of its sweeps among the workers. `path` is where it was found; `origins`
    says where a worker comes from, for the run.toml of its runs.
    """

    hosts: Mapping[str, HostConfig] = field(default_factory=dict)
    workers: Mapping[str, WorkerConfig] = field(default_factory=dict)
    races: Mapping[str, RaceConfig] = field(default_factory=dict)
    alerts: Mapping[str, AlertConfig] = field(default_factory=dict)
    history: HistoryConfig = HistoryConfig()
    path: Path = Path("config.toml")
    sweeps: Mapping[str, SweepConfig] = field(default_factory=dict)
    origins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def sweep_of(self, worker: str) -> str:
        """The sweep that a worker belongs to, or nothing."""
        return str(self.origins.get(worker, {}).get("sweep", {}).get("name", ""))

    def members(self, sweep: str) -> tuple[str, ...]:
        """The workers of a sweep."""
        return tuple(name for name in self.origins if self.sweep_of(name) == sweep)

    def races_by_workers(self) -> dict[str, tuple[str, ...]]:
        return {name: race.workers for name, race in self.races.items()}


def find(given: str | None, folder: Path) -> Path:
    """The configuration in force: the one that was named, ./config.toml, the user's, the shipped one."""
    if given is not None:
        path = Path(given).expanduser()
        if not path.is_file():
            raise ConfigError([Problem(given, None, "", "no such file", "name an existing config.toml with --config")])
        return path
    places = (folder / "config.toml", own())
    return next((path for path in places if path.is_file()), shipped())


def own() -> Path:
    """The user's own configuration, there or not."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only when nothing nearer is there

    return user_config_path("trajconsole") / "config.toml"


def shipped() -> Path:
    """The configuration that comes with the product: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).parent
    inside = package / "config.toml"
    return inside if inside.is_file() else package.parent / "config.toml"


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


def trainer_spec(config: Config, worker: str) -> str:
    """The trainer configuration of a worker: a file beside config.toml when there is one, else a preset's name."""
    spec = config.workers[worker].trainer
    beside = config.path.absolute().parent / Path(spec).expanduser()
    return str(beside) if beside.is_file() else spec


def overrides(table: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """`set = { run.epochs = 3 }` as "run.epochs=3", the way the trainer's --set takes it."""
    for key, value in table.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            yield from overrides(value, path)
        else:
            yield f"{path}={toml.dumps({'v': value}).partition('=')[2].strip()}"


def state_folder() -> Path:
    """Where this laptop keeps mirror and history."""
    given = os.environ.get(STATE_VARIABLE)
    if given:
        return Path(given).expanduser()
    from platformdirs import user_state_path  # noqa: PLC0415 - only when nothing is given

    return user_state_path("trajconsole")


def in_words_of(config: Config, worker: str, complaint: str) -> str:
    """What the trainer says of `--set`, said of the file in which people wrote it; all in one line."""
    source = Source(str(config.path), config.path.read_text(encoding="utf-8", errors="replace"))
    lines = []
    for line in complaint.splitlines():
        place, _, rest = line.partition("--set: ")
        key, colon, what = rest.partition(": ")
        if place or not colon:
            lines.append(line)
        else:
            lines.append(str(source.problem(f"workers.{worker}.set.{key}", what)))
    return "; ".join(lines)
