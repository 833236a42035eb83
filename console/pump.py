"""Where the fleet comes from: the mirror first, then the links. Implements `console.source.Source`.

A link's thread keeps each event in the mirror and puts the batch on a bounded queue; the event loop is woken once for
whatever has gathered there, folds it a slice at a time, so that a key never waits for a crowd of hosts, and tells the
listeners. When the loop falls behind, the link's thread waits: the probe's channel fills, and nothing is lost.
"""

import asyncio
import contextlib
import functools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from console import last_seen
from console.config import Config
from console.fleet.beats import BEAT, WATCHES
from console.fleet.fold import fold, plan, recall, with_marks
from console.fleet.lineage import lineage_of
from console.fleet.model import CodeHere, Fleet, Host, Planned, Run, RunKey
from console.fleet.records import began, reported
from console.mirror import DOCUMENTS, STREAMS, Gap, Mirror
from console.pulling.ledger import Pulls
from remote.events import Chunk, Document, Event, FolderGone, LinkState, Synced
from remote.link import Link
from remote.transport import Transport
from remote.watch import Watch, Watched
from trainer.record import files
from trainer.record.race import Winner

if TYPE_CHECKING:
    from console.history import History
    from console.recording.recorder import Recorder
    from console.shipping.here import Looker

QUEUED_BATCHES = 256
SLICE_S = 0.008  # of folding, before the loop does something else
GATHER_S = 0.04  # in a stream of batches the loop is woken no more often
HISTORY_EVERY_S, HISTORY_SLOW_S = 2.0, 20.0  # states; how far a run is
HISTORY_SLICE = 40  # runs that are kept at a time
LAST_EVERY_S = 60.0

WATCHED = (
    Watched("runs", tuple(name for name in DOCUMENTS if name != files.WINNER), STREAMS),
    Watched("races", (files.WINNER,)),
    Watched(WATCHES, (BEAT,)),
)


@dataclass(frozen=True, slots=True)
class _Batch:
    host: str
    events: list[Event]
    time: float


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the history has of a run: what it is, how far it was then."""

    state: tuple[str, bool, float | None]
    epoch: int | None
    time: float


class Pump:
    """The fleet of a configuration, kept up to date while it is started."""

    def __init__(
        self,
        config: Config,
        state: Path,
        transports: Callable[[str], Transport],
        *,
        readonly: bool = False,
        clock: Callable[[], float] = time.time,
        later: bool = False,
        recorder: "Recorder | None" = None,
    ) -> None:
        self._recorder = recorder
        self._state, self._later = state, later
        self._last = last_seen.path_of(state, config.path)
        self._pulls = Pulls(state)
        self._config, self._transports, self._readonly, self._clock = config, transports, readonly, clock
        self._mirrors = {name: Mirror(state, name) for name in config.hosts}
        self._links: dict[str, Link] = {}
        self._heard: dict[str, dict[str, set[str]]] = {name: {} for name in config.hosts}  # since the link is up
        self._listeners: list[Callable[[], None]] = []
        self._queue: deque[_Batch] = deque()
        self._lock = threading.Lock()
        self._awake = False  # the loop has been asked to drain the queue
        self._room = threading.Semaphore(QUEUED_BATCHES)
        self._folded_at = 0.0  # monotonic
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._kept: dict[RunKey, _Kept] = {}  # what the history has
        self._kept_winners: Mapping[str, Winner] = {}
        self._kept_at = self._last_at = clock()
        self._began = self._kept_at
        self._looker: Looker | None = None
        self._looking = False  # at the code that lies here
        self._remembering = threading.Thread(target=self._remember_later, name="memory", daemon=True)
        self._fleet = self._first_fleet()
        if not later:
            self._fleet = self._planned(self._fleet)
            for name in config.hosts:
                self._fleet = self._recalled(self._fleet, name)

    @functools.cached_property
    def history(self) -> "History":
        """The index of runs: opened when it is first needed, by one thread at a time."""
        from console.history import History  # noqa: PLC0415 - SQLite is not for the first frame

        return History(self._state, optional=True)

    @property
    def fleet(self) -> Fleet:
        return self._fleet

    @property
    def readonly(self) -> bool:
        return self._readonly

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person should know of this laptop's own files."""
        found = [mirror.problem for mirror in self._mirrors.values() if mirror.problem]
        if self._recorder is not None and self._recorder.problem:
            found.append(self._recorder.problem)
        history: History | None = self.__dict__.get("history")  # the first question is no reason to open it
        if history is not None and history.problem:
            found.append(history.problem)
        if history is not None and history.set_aside is not None:
            found.append(f"the history was damaged: set aside as {history.set_aside} and built anew")
        return tuple(found)

    def races(self) -> dict[str, tuple[str, ...]]:
        return self._config.races_by_workers()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def mirrored_log(self, key: RunKey) -> bytes:
        """The whole log of a run, as far as it is on this laptop."""
        try:
            return self._log_path(key).read_bytes()
        except OSError:
            return b""

    def log_file(self, run: RunKey) -> Path | None:
        mirror = self._mirrors.get(run.host)
        if mirror is None or mirror.problem or not self._log_path(run).exists():
            return None
        return self._log_path(run)

    def _log_path(self, run: RunKey) -> Path:
        return self._mirrors[run.host].path / "runs" / run.run / files.LOG

    async def start(self) -> None:
        """Open the links; returns at once."""
        self._loop = asyncio.get_running_loop()
        if self._later:
            self._remembering.start()
            return
        for name in self._config.hosts:
            self._open(name)

    async def stop(self) -> None:
        """Close the links. Workers are never touched."""
        self._stopping.set()
        if self._remembering.ident is not None:
            await asyncio.to_thread(self._remembering.join)
            await asyncio.sleep(0)  # what it left for this loop to do
        self._recorder = None  # that links close at the end is nothing that anybody saw
        await self._close_links(list(self._links))
        self._drain()
        self._keep_history(force=True)
        self._keep_last()
        self.close()

    async def leave(self, names: Collection[str]) -> None:
        """Close the links of these hosts, and forget what is known of them."""
        await self._close_links(names)
        for name in names:
            self._links.pop(name, None)
            self._mirrors.pop(name).close()
        hosts = {name: host for name, host in self._fleet.hosts.items() if name not in names}
        runs = {key: run for key, run in self._fleet.runs.items() if key.host not in names}
        marks = {key: mark for key, mark in self._fleet.marks.items() if key[0] not in names}
        self._fleet = replace(with_marks(self._fleet, marks), hosts=hosts, runs=runs, version=self._fleet.version + 1)

    def take_up(self, config: Config) -> None:
        """Another configuration, whose lost and changed hosts have been left: open the links that are new in it."""
        self._config = config
        new = [name for name in config.hosts if name not in self._mirrors]
        for name in new:
            self._mirrors[name], self._heard[name] = Mirror(self._state, name), {}
        fleet = self._planned(self._fleet)
        known = {**fleet.hosts, **{name: Host(name, link_since=self._clock()) for name in new}}
        fleet = replace(fleet, hosts={name: self._priced(known[name]) for name in config.hosts})
        for name in new:
            fleet = self._recalled(fleet, name)
        self._become(fleet)
        for name in new:
            self._open(name)

    async def _close_links(self, names: Collection[str]) -> None:
        links = [self._links[name] for name in names if name in self._links]
        with ThreadPoolExecutor(max(1, len(links))) as each:  # a hung host is waited for beside the others, not before
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(each, link.close) for link in links))
        self._drain()

    def close(self) -> None:
        """Give up mirror and history."""
        for mirror in self._mirrors.values():
            mirror.close()
        if "history" in self.__dict__:
            self.history.close()

    def retry(self, host: str) -> None:
        """Try to reach it now, whatever it waits for."""
        link = self._links.get(host)
        if link is not None:
            link.retry()

    async def synced(self, timeout: float) -> bool:
        """Wait until every host has told everything or has failed to; False when that took too long."""
        ready = asyncio.Event()
        forget = self.listen(lambda: ready.set() if self._settled() else None)
        try:
            if not self._settled():
                await asyncio.wait_for(ready.wait(), timeout)
        except TimeoutError:
            return False
        finally:
            forget()
        return True

    def _settled(self) -> bool:
        return self._heard_all() and not self._looking

    def _heard_all(self) -> bool:
        lost = ("unreachable", "auth failed", "host key", "broken")
        hosts = self._fleet.hosts.values()
        return all((host.synced and (host.heard_at or 0.0) >= self._began) or host.link.phase in lost for host in hosts)

    def _first_fleet(self) -> Fleet:
        """What the last console knew, as far as it is still in the configuration. Costs one small file."""
        now = self._clock()
        last = last_seen.read(self._last)
        hosts = {name: last.hosts.get(name) or Host(name) for name in self._config.hosts}
        known_hosts = {name: self._priced(replace(host, link_since=now)) for name, host in hosts.items()}
        fleet = Fleet(known_hosts, pulled=self._pulls.load())
        if self._later:
            runs = {key: run for key, run in last.runs.items() if key.host in hosts}
            fleet = replace(fleet, runs=runs, winners=last.winners)
        known = {(item.worker, item.host): item.since for item in last.planned.values()}
        workers = self._config.workers.items()
        made = {name: lineage_of(origin) for name, origin in self._config.origins.items()}
        planned = [Planned(n, it.host, known.get((n, it.host), now), made.get(n)) for n, it in workers]
        return plan(fleet, planned)

    def _priced(self, host: Host) -> Host:
        """With what the configuration says that it costs."""
        found = self._config.hosts[host.name]
        return replace(host, price=found.price, currency=found.currency)

    def _planned(self, fleet: Fleet) -> Fleet:
        """With the plan of the configuration, and since when."""
        workers = [(name, worker.host) for name, worker in self._config.workers.items()]
        since = self.history.plan(str(self._config.path.absolute()), workers, self._clock())
        made = {name: lineage_of(origin) for name, origin in self._config.origins.items()}
        planned = [Planned(name, host, since[name, host], made.get(name)) for name, host in workers]
        if self._recorder is not None:
            self._recorder.plan(list(self._config.hosts), planned, self.races())
        return plan(fleet, planned)

    def _recalled(self, fleet: Fleet, name: str) -> Fleet:
        """With what the mirror of this host holds, which is more than the last console knew."""
        told = [(dated.event, dated.time, dated.before) for dated in self._mirrors[name].load()]
        for event, when, _before in told:
            self._record(name, [event], when)
        others = {key: run for key, run in fleet.runs.items() if key.host != name}
        return recall(replace(fleet, runs=others), name, told)

    def _remember_later(self) -> None:
        """On its own thread, after the first frame: mirror by mirror, and the link of each as soon as it is read."""
        assert self._loop is not None
        planned = self._planned(Fleet()).planned
        self._in_loop(lambda: self._become(replace(self._fleet, planned=planned)))
        for name in self._config.hosts:
            if self._stopping.is_set():
                return
            known = self._recalled(Fleet(), name)
            self._in_loop(functools.partial(self._remembered, name, known))

    def _in_loop(self, do: Callable[[], None]) -> None:
        assert self._loop is not None
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(do)

    def _remembered(self, name: str, known: Fleet) -> None:
        others = {key: run for key, run in self._fleet.runs.items() if key.host != name}
        fleet = with_marks(self._fleet, {**self._fleet.marks, **known.marks})
        self._become(replace(fleet, runs={**others, **known.runs}))
        if not self._stopping.is_set():
            self._open(name)

    def _become(self, fleet: Fleet) -> None:
        self._fleet = replace(fleet, version=self._fleet.version + 1, news=self._fleet.news + 1)
        self._tell()

    def _open(self, name: str) -> None:
        host = self._config.hosts[name]
        mirror = self._mirrors[name]
        link = Link(
            self._transports(name),
            Watch(host.root, WATCHED),
            lambda: mirror.offsets,
            lambda events: self._hear(name, events),
            python=host.any_python,
            name=name,
        )
        self._links[name] = link
        link.start()

    def _hear(self, name: str, events: list[Event]) -> None:
        """On the link's thread: keep the batch, queue it, wake the loop."""
        mirror = self._mirrors[name]
        new: list[Event] = []
        try:
            for event in events:
                kept = mirror.take(event)
                if kept is not None:
                    new.append(kept)
                if isinstance(event, Synced):
                    new += self._missing(name)
                self._note(name, event)
        except Gap:
            threading.Thread(target=self._reopen, args=(name,), name=f"reopen {name}", daemon=True).start()
        if new:
            self._put(_Batch(name, new, self._clock()))

    def _note(self, name: str, event: Event) -> None:
        if isinstance(event, LinkState) and event.phase == "connected":
            self._heard[name] = {}
        elif isinstance(event, Document):
            self._heard[name].setdefault(event.folder, set()).add(event.name)
        elif isinstance(event, Chunk):
            self._heard[name].setdefault(event.folder, set())

    def _missing(self, name: str) -> list[Event]:
        """What the mirror holds and the host, having told everything, did not speak of: it was removed meanwhile."""
        heard, mirror = self._heard[name], self._mirrors[name]
        gone: list[Event] = []
        for folder, documents in mirror.documents.items():
            if folder not in heard:
                gone.append(FolderGone(folder))
            else:
                gone += [Document(folder, document, None) for document in sorted(documents - heard[folder])]
        for event in gone:
            mirror.take(event)
        return gone

    def _reopen(self, name: str) -> None:
        link = self._links.get(name)
        if link is not None:
            link.close()
        if not self._stopping.is_set() and name in self._links:
            self._open(name)

    def _put(self, batch: _Batch) -> None:
        while not self._room.acquire(timeout=0.2):
            if self._stopping.is_set():
                break
        with self._lock:
            self._queue.append(batch)
            wake, self._awake = not self._awake, True
        if wake and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._gather)

    def _gather(self) -> None:
        """In the loop: what comes now and then is folded at once, of a stream what came in a while together."""
        assert self._loop is not None
        pause = self._folded_at + GATHER_S - time.monotonic()
        if pause > 0 and len(self._queue) < QUEUED_BATCHES // 2:
            self._loop.call_later(pause, self._fold_slice)
        else:
            self._fold_slice()

    def _fold_slice(self) -> None:
        """Fold for a moment; keys come before the rest."""
        assert self._loop is not None
        if self._fold(time.monotonic() + SLICE_S):
            self._loop.call_soon(self._fold_slice)

    def _drain(self) -> None:
        """Fold everything that has gathered."""
        self._fold(math.inf)

    def _fold(self, until: float) -> bool:
        """In the loop: fold what has gathered, tell the listeners once. True when there is more."""
        folded, more = False, True
        while more and time.monotonic() < until:
            with self._lock:
                batch = self._queue.popleft() if self._queue else None
                more = self._awake = batch is not None
            if batch is not None:
                self._room.release()
                self._record(batch.host, batch.events, batch.time)
                self._fleet = fold(self._fleet, batch.host, batch.events, batch.time)
                folded = True
        self._folded_at = time.monotonic()
        if folded:
            self._keep_history()
            self._look_at_code()
            if self._clock() - self._last_at > LAST_EVERY_S:
                threading.Thread(target=self._keep_last, name="last seen", daemon=True).start()
            self._tell()
        return more

    def _record(self, host: str, events: list[Event], when: float) -> None:
        if self._recorder is not None:
            self._recorder.batch(host, events, when)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _look_at_code(self) -> None:
        """Now and then, on a thread of its own: does what runs begin to differ from what lies here?"""
        if self._looking or not self._heard_all():
            return
        if self._looker is None:
            from console.shipping.here import Looker  # noqa: PLC0415 - shipping is not for the first frame

            self._looker = Looker()
        wanted = self._looker.due(self._fleet)
        if wanted and not self._stopping.is_set():
            self._looking = True
            threading.Thread(target=self._code_here, args=(self._config, wanted), name="code", daemon=True).start()

    def _code_here(self, config: Config, workers: Collection[str]) -> None:
        from console.shipping.here import code_here  # noqa: PLC0415

        found = code_here(config, workers)
        self._in_loop(lambda: self._took_code(found))

    def _took_code(self, found: Mapping[str, CodeHere]) -> None:
        self._looking = False
        if not self._stopping.is_set():
            self._become(replace(self._fleet, code=found))

    def _keep_last(self) -> None:
        """For the next console's first frame. A laptop whose disk is full goes without."""
        self._last_at = self._clock()
        with contextlib.suppress(OSError):
            last_seen.write(self._last, self._fleet)

    def _keep_history(self, *, force: bool = False) -> None:
        now = self._clock()
        if not force and now - self._kept_at < HISTORY_EVERY_S:
            return
        self._kept_at = now
        if self._pulls.changed():
            self._fleet = replace(self._fleet, pulled=self._pulls.load(), version=self._fleet.version + 1)
        changed: list[Run] = []
        for key, run in self._fleet.runs.items():
            status, known = reported(run), self._kept.get(key)
            state = (status.state if status else "", run.exit is not None, began(run))
            epoch = status.epoch if status else None
            moved = known is None or known.state != state
            if not moved and known is not None and known.epoch != epoch:
                moved = force or now - known.time >= HISTORY_SLOW_S
            if not moved:
                continue
            if len(changed) == HISTORY_SLICE and not force:
                self._kept_at = 0.0  # the others next time, which is soon
                break
            self._kept[key] = _Kept(state, epoch, now)
            changed.append(run)
        winners = self._fleet.winners
        if not changed and winners == self._kept_winners:
            return
        from console.history import entry_of  # noqa: PLC0415

        entries = [entry_of(self._fleet, run, now) for run in changed]
        told = [(race, one.run, one.worker, one.time) for race, one in winners.items()]
        if self.history.offer(entries, told):
            self._kept_winners = winners
        else:
            for run in changed:  # next time, perhaps
                self._kept.pop(run.key, None)
