"""The tables of config.toml, each a frozen value that judges itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from console import rates, spans
from console.alerts import quiet
from console.races.settings import Behind, Patience, Rules
from remote.ssh.destination import parse as parse_destination
from trainer.schema import BadSetting, setting

DEFAULT_ROOT = "~/.trajconsole"
DEFAULT_SOCKET = "trajconsole"
ROOT_VARIABLE = "TRAJCONSOLE_ROOT"


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
