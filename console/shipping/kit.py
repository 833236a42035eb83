"""Everything that a worker needs on its host, decided and brought there: Python, trainer, the user's code, packages."""

import contextlib
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.config import Config
from console.format import plural, size
from console.hosts import Hosts
from console.preflight import HostTrainer, Refused
from console.shipping.project import Project, at_commit, project_of
from console.source import Step
from remote.deploy.store import Sent, Shipped
from remote.deploy.tree import Tree, from_file, tree
from remote.pythons import NEEDED, Search
from trainer.record import code

TELL_S = 1.0  # between two words on a long shipment


@dataclass(frozen=True, slots=True)
class Kit:
    """Where things are on the host. `path` is what Python must look through; `project` the user's code, if any."""

    python: str
    path: tuple[str, ...] = ()
    project: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)  # what run.toml says of it

    def env(self, own: Mapping[str, str]) -> dict[str, str]:
        """A command's environment: its own PYTHONPATH comes behind the code."""
        if not self.project:
            return dict(own)
        path = ":".join([*self.path, *filter(None, [own.get("PYTHONPATH", "")])])
        return {"TRAJ_CODE": self.project, **own, "PYTHONPATH": path}

    def words(self, host: str) -> str:
        """What was brought, for people."""
        parts = [f"trainer {str(self.origin['code'])[:10]}"] if "code" in self.origin else []
        own = self.origin.get("project")
        if own:
            branch = f" ({own['branch']}{', with changes' if own.get('dirty') else ''})" if own.get("branch") else ""
            parts.append(f"{own['folder']}{branch} {str(own['tree'])[:10]}")
        return f"on {host}: {', '.join(parts)}" if parts else f"needs no code from here on {host}"


class Shipping:
    """Kits for the workers of a configuration. Safe to use from several threads."""

    def __init__(self, config: Config, hosts: Hosts) -> None:
        self._config, self._hosts = config, hosts
        self._bringing = threading.Lock()
        self._extras: dict[str, str] = {}

    def trainer(self, host: str, kit: Kit) -> HostTrainer:
        return HostTrainer(
            self._hosts.transport(host), self._config.hosts[host], self._hosts.root(host), kit.python, kit.path
        )

    def kit(self, worker: str) -> Generator[Step, None, Kit]:
        """What the worker needs now, whole on its host. Refused or a RemoteError when that cannot be."""
        settings = self._config.workers[worker]
        own = project_of(self._config, worker)
        if settings.command and own is None and "{python}" not in settings.command:
            return Kit("")
        search = self._hosts.python(settings.host)
        mine: list[Tree] = []
        if settings.trainer and not self._config.hosts[settings.host].code:
            _check_python(settings.host, search)
            mine = [trainer_tree()]
        return (yield from self._brought(worker, settings.host, search, mine, own))

    def trainer_on(self, host: str) -> HostTrainer:
        """The trainer alone, brought there without a word: for questions about runs. Refused or a RemoteError."""
        search = self._hosts.python(host)
        mine: list[Tree] = []
        if not self._config.hosts[host].code:
            _check_python(host, search)
            mine = [trainer_tree()]
        bringing = self._brought("", host, search, mine, None)
        while True:
            try:
                next(bringing)
            except StopIteration as end:
                return self.trainer(host, end.value)

    def pinned(self, worker: str, host: str, run: Mapping[str, Any]) -> Generator[Step, None, Kit]:
        """The kit with the code that a run began with, by its run.toml. Refused when it cannot be had any more."""
        origin, theirs = _table(run.get("origin")), _table(_table(run.get("origin")).get("project"))
        trainer, own = str(origin.get("tree") or ""), str(theirs.get("tree") or "")
        if "command" in run and not own:
            return Kit("")
        names = [name for name in (trainer, own) if name]
        yield from self._have(worker, host, names, origin)
        store = self._hosts.store(host)
        project = store.folder(own) if own else ""
        if "command" in run:  # all else stands in its run.toml
            return Kit("", project=project)
        search = self._hosts.python(host)
        if not trainer and not self._config.hosts[host].code:  # begun before code was pinned
            yield from self._send(worker, host, [trainer_tree()])
            names = [trainer_tree().hash, *names]
        extra = yield from self._extra(worker, host, search)
        path = [*self._installed(host), *(store.folder(name) for name in (*names, *extra))]
        return Kit(search.command, tuple(path), project)

    def _extra(self, worker: str, host: str, search: Search) -> Generator[Step, None, list[str]]:
        """Small packages that its Python lacks, by their tree's name: there from an earlier start, or brought now."""
        python = search.best
        if self._config.hosts[host].code or python is None or not self._hosts.finds_python(host):
            return []
        from console.shipping import packages  # noqa: PLC0415 - only where another Python than ours is

        wanted = packages.lacking(python)
        if not wanted:
            return []
        with self._bringing:
            if host not in self._extras:
                store, label = self._hosts.store(host), packages.label(python, wanted)
                there = store.whole([stored.hash for stored in store.list() if stored.label == label])
                if not there:
                    names = ", ".join(map(packages.project, wanted))
                    yield Step(worker, f"{python.name} on {host} lacks {names}: bringing that along")
                    made = packages.bring(python, wanted, search.command)
                    yield from self._send(worker, host, [made])
                    there = {made.hash}
                self._extras[host] = min(there)
            return [self._extras[host]]

    def _installed(self, host: str) -> list[str]:
        there = self._config.hosts[host].code
        return [there] if there else []

    def _brought(
        self, worker: str, host: str, search: Search, mine: Sequence[Tree], own: Project | None
    ) -> Generator[Step, None, Kit]:
        """Send it all at once, and say where it is: trainer first, then the user's code, then packages."""
        trees = [*mine, *([own.tree] if own else [])]
        yield from self._send(worker, host, trees)
        extra = (yield from self._extra(worker, host, search)) if mine else []
        store = self._hosts.store(host)
        path = (*self._installed(host), *(store.folder(name) for name in (*(made.hash for made in trees), *extra)))
        origin: dict[str, Any] = {"python": search.command}
        if mine:
            origin |= {**code.version(), "tree": mine[0].hash}
        if own:
            origin["project"] = own.origin
        return Kit(search.command, path, store.folder(own.tree.hash) if own else "", origin)

    def _send(self, worker: str, host: str, trees: Sequence[Tree]) -> Iterator[Step]:
        if not trees:
            return
        shipment = self._hosts.store(host).ensure(trees)
        told = time.monotonic()
        while True:
            try:
                sent = next(shipment)
            except StopIteration as end:
                yield from _told(worker, host, end.value)
                return
            if time.monotonic() - told >= TELL_S:
                told = time.monotonic()
                yield Step(worker, _progress(host, sent))

    def _have(self, worker: str, host: str, names: Sequence[str], origin: Mapping[str, Any]) -> Iterator[Step]:
        """The trees of a run that goes on: there already, or the same as what lies here now."""
        if not names:
            return
        gone = set(names) - self._hosts.store(host).whole(names)
        if not gone:
            return
        here = [made for made in self._here(worker, origin) if made.hash in gone]
        yield from self._send(worker, host, here)
        gone -= {made.hash for made in here}
        if gone:
            names = ", ".join(sorted(name[:10] for name in gone))
            raise Refused(
                f"the code that this run began with ({names}) is no longer on {host}, nor the same here",
                f"check out what it was ({_versions(origin)}) and resume again, or start a new run",
            )

    def _here(self, worker: str, origin: Mapping[str, Any]) -> Iterator[Tree]:
        """What lies on this laptop and may be what a run began with."""
        yield trainer_tree()
        if worker in self._config.workers:
            own = project_of(self._config, worker)
            if own is not None:
                yield own.tree
        theirs = _table(origin.get("project"))
        if theirs.get("commit") and not theirs.get("dirty"):
            with contextlib.suppress(ValueError):  # the folder or the commit is gone
                yield at_commit(Path(str(theirs.get("folder"))), str(theirs["commit"])).tree


def trainer_tree() -> Tree:
    """The trainer of this laptop, the very files that its code hash is of."""
    home = code.PACKAGE.parent
    return tree("trainer", {
        path.relative_to(home).as_posix(): from_file(path, program=False) for path in code.code_files()
    })  # fmt: skip


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _versions(origin: Mapping[str, Any]) -> str:
    said = []
    for name, table in (("trainer", origin), ("project", _table(origin.get("project")))):
        if table.get("commit"):
            dirty = ", with changes of then" if table.get("dirty") else ""
            said.append(f"{name}: commit {str(table['commit'])[:10]}{dirty}")
    return "; ".join(said) or "no commit is recorded"


def _check_python(host: str, search: Search) -> None:
    """Refused when no Python there can train, naming all that were looked at."""
    best = search.best
    if best is None and search.named:
        broken = "does not run on the host" if search.broken else "is not on the host"
        raise Refused(f"{search.named} {broken}", f"set python of [hosts.{host}] to one that has torch")
    if best is None or best.version < NEEDED:
        mend = f"install Python 3.11 or newer with torch there, or name one: [hosts.{host}] python = …"
        raise Refused(f"the trainer needs Python 3.11 or newer; on {host} there is: {search.seen}", mend)
    if not best.torch:
        mend = f"{search.command} -m pip install torch, or name one that has it: [hosts.{host}] python = …"
        raise Refused(f"no Python with torch on {host}; there is: {search.seen}", mend)


def _told(worker: str, host: str, shipped: Shipped) -> Iterator[Step]:
    if shipped.mended:
        names = ", ".join(shipped.mended[:3]) + (" …" if len(shipped.mended) > 3 else "")
        yield Step(worker, f"code on {host} was damaged and is mended: {names}")
    if shipped.objects:
        sent = f"{plural(shipped.objects, 'file')}, {size(shipped.size)} ({size(shipped.wire)} on the line)"
        yield Step(worker, f"code sent to {host}: {sent}; {shipped.there} were there already")


def _progress(host: str, sent: Sent) -> str:
    return f"sending code to {host}: {size(sent.done)} of {size(sent.total)}"
