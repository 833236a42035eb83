"""The form of a new worker: what stands in it, what is wrong with it, what config.toml would get. No screen here."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from console.config import Config, is_name
from console.editing import room
from console.editing.draft import Draft
from console.editing.resolving import Resolved
from console.editing.text import read_value
from console.editing.wish import Base, Wish, flat, free_name, gpus_of
from console.fleet.model import Host, RunKey
from trainer.schema import ConfigError

T = TypeVar("T")
_ORDER = ("host", "trainer", "command", "set", "folder", "code", "branch", "env")


@dataclass
class Form:
    """`hosts` is what is known of them by now; `resolved` what the trainer said of the wish last."""

    config: Config
    hosts: Mapping[str, Host]
    bases: Sequence[Base]
    wish: Wish
    trial: bool = False
    word: str = ""  # only settings with it are shown
    plain: Mapping[str, Any] = field(default_factory=dict)  # settings of the base, before any change
    resolved: Resolved | None = None

    @property
    def rooms(self) -> tuple[room.Room, ...]:
        """The GPUs of the host."""
        return room.rooms(self.hosts.get(self.wish.host))

    @property
    def table(self) -> dict[str, Any]:
        """[workers.NAME]."""
        host = self.hosts.get(self.wish.host)
        return self.wish.table(host.telemetry.gpu_source if host and host.telemetry else "")

    @property
    def settings(self) -> dict[str, Any]:
        """Of the trainer, with what was changed."""
        return {**self.plain, **self.wish.changes}

    @property
    def problems(self) -> list[str]:
        """What keeps it from being saved or started."""
        found = []
        if not is_name(self.wish.name):
            found.append(f"name: {self.wish.name!r} cannot be a name: up to 40 letters, digits, - and _")
        wrong = room.gpu_problem(self.wish.gpus, self.rooms)
        found += [f"gpus: {wrong}"] if wrong else []
        return [*found, *(self.resolved.problems if self.resolved else ())]

    def begin_with(self, base: Base) -> None:
        """Another beginning: nothing of the one before is left."""
        self.wish, self.plain, self.resolved = begin(self.config, self.hosts, base), {}, None

    def change(self, **values: Any) -> None:
        """Another name, host, GPUs, settings."""
        self.wish = dataclasses.replace(self.wish, **values)

    def put(self, key: str, value: Any) -> None:
        """A setting of the trainer; the value that it has anyway is no change."""
        changes = {name: kept for name, kept in self.wish.changes.items() if name != key}
        self.change(changes=changes if self.plain.get(key) == value else {**changes, key: value})

    def go_to(self, host: str) -> None:
        """Another host, on what is free there."""
        self.change(host=host, gpus=room.first_choice(room.rooms(self.hosts.get(host))))

    def told(self, resolved: Resolved) -> None:
        """The trainer's opinion; the first one says what the settings of the base are."""
        self.resolved = resolved
        if resolved.table and not self.wish.changes:
            self.plain = flat(resolved.table)

    def read(self, key: str, text: str) -> Any:
        """What was typed, as a value of the kind that stands there. ValueError when it is none."""
        now = self.settings.get(key)
        if isinstance(now, str) and not text.strip().startswith(('"', "'")):
            return text.strip()
        value = read_value(text)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if isinstance(now, float) and whole else value

    def draft(self, draft: Draft) -> Draft:
        """config.toml with this worker in it. ValueError with all that is wrong."""
        key, table = ("workers", self.wish.name), self.table
        there = draft.table.get("workers", {}).get(self.wish.name)
        if there is None:
            draft = draft.with_change(key, {name: table[name] for name in sorted(table, key=_place)})
        else:
            for name in [*there, *(name for name in table if name not in there)]:
                if there.get(name) != table.get(name):
                    draft = draft.with_change((*key, name), table.get(name) or None)
        try:
            draft.config()
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return draft


def first_base(bases: Sequence[Base], run: RunKey | None, worker: str) -> Base:
    """What the form begins with: the run or worker that was looked at, else the first that there is."""
    wanted = f"run {run.run}" if run else f"worker {worker}"
    return next((base for base in bases if base.label == wanted), bases[0])


def begin(config: Config, hosts: Mapping[str, Host], base: Base) -> Wish:
    """A wish that begins with this, where there is room for it."""
    name = free_name(base.name, config.workers)
    wanted = str(base.worker.get("host") or next(iter(config.hosts)))
    host = wanted if base.known else room.best_host({n: hosts[n] for n in config.hosts if n in hosts}, wanted)
    host = host if host in config.hosts else next(iter(config.hosts))
    gpus = gpus_of(base.worker)
    if gpus == room.ANY and not base.known:
        gpus = room.first_choice(room.rooms(hosts.get(host)))
    return Wish(base, name, host, gpus)


def turned(items: Sequence[T], now: T, by: int) -> T:
    """The next of several."""
    place = items.index(now) if now in items else 0 if by < 0 else -1
    return items[(place + by) % len(items)]


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
