"""A worker that is being written: what it begins with, what is changed, and the table that config.toml gets. Pure."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.config import Config, WorkerConfig, is_name, trainer_spec
from console.editing.room import ANY, gpu_env
from console.editing.text import put_inside
from console.fleet.model import Fleet, Run
from trainer.record import toml

_GPU_KEYS = ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
_NOT_KEPT = ("origin", "race")
_LINEAGE = ("cloned_from", "cloned_with")


@dataclass(frozen=True, slots=True)
class Base:
    """What a worker begins with. `spec` is what the trainer is given; `text` a whole configuration of a run."""

    label: str
    name: str
    spec: str = ""
    text: str = ""
    worker: Mapping[str, Any] = field(default_factory=dict)  # keys of [workers.NAME]
    known: bool = False  # it stands in config.toml under this name
    clone_of: str = ""  # what a worker that begins with this is a clone of

    @property
    def is_command(self) -> bool:
        return bool(self.worker.get("command"))


@dataclass(frozen=True, slots=True)
class Wish:
    """`changes` are settings of the trainer, by their dotted keys."""

    base: Base
    name: str
    host: str
    gpus: str = ANY
    changes: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)  # keys of a command's table that were changed

    def table(self, source: str = "") -> dict[str, Any]:
        """[workers.NAME]. `source`: who told of the host's GPUs."""
        kept = {key: value for key, value in self.base.worker.items() if key not in _LINEAGE}
        table: dict[str, Any] = {**kept, "host": self.host, **self.own}
        if self.base.text:
            table["trainer"] = f"{self.name}.toml"
        changes: dict[str, Any] = dict(table.pop("set", {}))
        for key, value in self.changes.items():
            changes = put_inside(changes, key.split("."), value)
        if self.gpus != ANY and "," in self.gpus and not self.base.is_command:
            changes = put_inside(changes, ["run", "processes"], len(self.gpus.split(",")))
        free = {key: value for key, value in table.pop("env", {}).items() if key not in _GPU_KEYS}
        env = {**free, **gpu_env(self.gpus, source)}
        return {**table, **({"set": changes} if changes else {}), **({"env": env} if env else {}), **self._lineage()}

    def _lineage(self) -> dict[str, Any]:
        """What its runs say of where it comes from; a worker that only changes stays what it was."""
        if self.base.known and self.name == self.base.name:
            return {key: self.base.worker[key] for key in _LINEAGE if key in self.base.worker}
        if not self.base.clone_of:
            return {}
        changed = dict(self.own)
        for key, value in self.changes.items():
            changed = put_inside(changed, key.split("."), value)
        return {"cloned_from": self.base.clone_of, **({"cloned_with": changed} if changed else {})}


def bases(config: Config, fleet: Fleet, presets: Iterable[str]) -> list[Base]:
    """Workers of the configuration, the newest run of each worker, and what comes with the product."""
    found = [_of_worker(config, name) for name in config.workers]
    newest: dict[str, Run] = {}
    for run in fleet.runs.values():
        if (
            run.config
            and not run.adopted
            and run.key.run >= (newest[run.worker].key.run if run.worker in newest else "")
        ):
            newest[run.worker] = run
    found += [_of_run(run) for run in sorted(newest.values(), key=lambda run: run.key.run)]
    return [
        *found,
        *(Base(f"preset {name}", name.replace(".", "-"), name, worker={"trainer": name}) for name in presets),
    ]


def _of_worker(config: Config, name: str) -> Base:
    worker = config.workers[name]
    empty = WorkerConfig("", trainer="x")
    table = {
        item.name: _plain(getattr(worker, item.name))
        for item in dataclasses.fields(worker)
        if getattr(worker, item.name) != getattr(empty, item.name) or item.name == "trainer"
    }
    if not table["trainer"]:
        del table["trainer"]
    spec = trainer_spec(config, name) if worker.trainer else ""
    return Base(f"worker {name}", name, spec, worker=table, known=True, clone_of=name)


def base_of(config: Config, fleet: Fleet, word: str) -> Base | None:
    """A worker of the configuration, a run by its name, or the newest run of a worker that is not there any more."""
    if word in config.workers:
        return _of_worker(config, word)
    runs = [run for run in fleet.runs.values() if run.config and not run.adopted]
    found = [run for run in runs if run.key.run == word] or [run for run in runs if run.worker == word]
    return _of_run(max(found, key=lambda run: run.key.run)) if found else None


def _of_run(run: Run) -> Base:
    command = run.config.get("command")
    if isinstance(command, Mapping):
        keys = {
            "command": list(command.get("argv", [])),
            "folder": command.get("folder", ""),
            "env": command.get("env", {}),
        }
        table = {key: value for key, value in keys.items() if value}
    else:
        table = {"trainer": ""}
    table["host"] = run.key.host
    text = "" if isinstance(command, Mapping) else toml.dumps(
        {key: value for key, value in run.config.items() if key not in _NOT_KEPT}
    )  # fmt: skip
    return Base(f"run {run.key.run}", run.worker, text=text, worker=table, clone_of=run.key.run)


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """A name that no worker has."""
    known, number, name = set(taken), 2, wanted if is_name(wanted) else "worker"
    first = name[:36]
    while name in known:
        name, number = f"{first}-{number}", number + 1
    return name


def gpus_of(worker: Mapping[str, Any]) -> str:
    """Which GPUs a worker is kept on already."""
    env = worker.get("env") or {}
    found = env.get("CUDA_VISIBLE_DEVICES") or env.get("HIP_VISIBLE_DEVICES") or ANY
    return found if all(part.strip().isdecimal() for part in str(found).split(",")) else ANY


def flat(table: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Dotted keys and their values, without what a start decides."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        path = f"{at}.{key}" if at else key
        if path in _NOT_KEPT:
            continue
        if isinstance(value, Mapping):
            found |= flat(value, path)
        else:
            found[path] = value
    return found


def preview(config: Config, name: str, table: Mapping[str, Any]) -> list[str]:
    """The exact command of a start, and where it goes."""
    host = config.hosts[table["host"]]
    python = host.python or "python3"
    run = f"{host.root}/runs/{name}-<time>-<id>"
    if table.get("command"):
        words = [str(word).replace("{run}", "<run>").replace("{python}", python) for word in table["command"]]
    else:
        words = [f"{python} -P -m trainer run", "<run>/run.toml --run-dir <run>"]
    env = " ".join(f"{key}={value}" for key, value in (table.get("env") or {}).items())
    return [
        f"on {table['host']}, tmux session {name} of the server {host.socket}; <run> is {run}"
        + ("" if host.python else "; python3 is the best one that is there"),
        f"{env} {' '.join(words)}".strip(),
    ]


def run_file(config: Config, name: str) -> Path:
    """Where the configuration of an earlier run is written, when a worker begins with it."""
    return config.path.absolute().parent / f"{name}.toml"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
