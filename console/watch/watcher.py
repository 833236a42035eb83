"""The rounds of a watch: look every second, and beside that sync and report every two minutes. What it knows of alerts
is on the disk before anything is sent, so that one that is killed and started again misses nothing and repeats nothing.
"""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from console import report
from console.alerts import book as books
from console.alerts.book import Alert
from console.alerts.notices import notices
from console.alerts.outbox import Outbox
from console.engine import Engine
from console.fleet.model import RunKey
from console.fleet.view import host_rows, race_views, worker_rows
from console.parallel import in_thread
from console.pulling.options import PullOptions
from console.races.keeper import Keeper
from console.races.rules import stops
from console.races.showing import verdict_lines
from console.report.contents import gather
from console.watch.lease import Lease
from console.watch.waking import Waking
from trainer.record import atomic
from trainer.record.jsonl import decode_document

LOOK_S = 1.0
RULES = "rules"  # the lease of whoever acts on the rules of races: a watch, or `trajconsole race`
KEEP_S = 10.0  # between two writes of the book in which nothing is new but the time
Tell = Callable[[str, str], None]  # words, tone
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person asked for."""

    every: float = 120.0  # seconds between syncs
    to: Path = Path("runs")
    sync: bool = True
    here: str = ""  # the host that it runs on, when it was posted there: its own runs need no copy on their own disk


def nobody() -> str:
    """No other watch."""
    return ""


class Watcher:
    """One watch over an open engine."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        settings: Settings,
        tell: Tell,
        *,
        elsewhere: Callable[[], str] = nobody,
        book_of: Callable[[str], bytes] | None = None,
    ) -> None:
        """`elsewhere`: the host whose watch acts in place of this one; `book_of`: what that one has told."""
        self._elsewhere, self._book_of = elsewhere, book_of
        self._engine, self._settings, self._tell = engine, settings, tell
        self._path = folder / "book.json"
        self._book, self._kept = self._load(), 0.0
        self._troubled = ""  # what cannot be written, and why
        self._outboxes = [
            Outbox(name, config, folder / "outbox", lambda text: tell(text, "warn"))
            for name, config in engine.config.alerts.items()
        ]
        self._rules = Lease(folder, RULES)
        pump = engine.pump
        self._keeper = Keeper(engine, lambda now: race_views(pump.fleet, pump.races(), now), self._rules.take, tell)
        self._synced: dict[RunKey, tuple[str, float | None, int]] = {}
        self._waking = Waking()

    async def run(self, *, once: bool = False) -> bool:
        """Until it is cancelled; `once`: one look, one sync, one report. True when every sync was whole."""
        for outbox in self._outboxes:
            outbox.start()
        good = True
        try:
            due, followed = 0.0, ""
            while True:
                followed = await self._follow(followed)
                if followed and once:
                    return True
                if followed:
                    self._waking = Waking()  # the other one looks meanwhile
                    await asyncio.sleep(LOOK_S)
                    continue
                self.look(time.time())
                self._keeper.look(time.time())
                if time.monotonic() >= due:
                    good = await self._beside_looks(self._sync()) if self._settings.sync else True
                    self._report()
                    due = time.monotonic() + self._settings.every
                    if once:
                        await self._keeper.done()
                        await self._delivered(10.0)
                        return good
                due = await self._rest(due)
        finally:
            self._rules.give_up()
            for outbox in self._outboxes:
                outbox.close(1.0)

    async def _rest(self, due: float) -> float:
        """Until the next look. The next sync is sooner when this laptop was away meanwhile, or a host is back."""
        self._waking.rests = time.monotonic()
        await asyncio.sleep(LOOK_S)
        hosts, now = self._engine.pump.fleet.hosts, time.monotonic()
        up = [name for name, host in hosts.items() if host.reachable and host.synced]
        why = self._waking.look(time.time(), now, up)
        if why:
            self._tell(f"{why}: syncing", "quiet")
            for name in (name for name, host in hosts.items() if host.link.phase == "unreachable"):
                self._engine.pump.retry(name)
        return self._waking.due(due, now)

    async def _follow(self, followed: str) -> str:
        """The host that watches in our place now, if any; whoever takes over from it goes on with what it has told."""
        other = self._elsewhere()
        if other and other != followed:
            self._rules.give_up()
            self._tell(f"{other} is watching: this one follows", "text")
        elif followed and not other:
            self._tell(f"{followed} does not watch any more: taking over", "warn")
            if self._book_of is not None:
                found = decode_document(await asyncio.to_thread(self._book_of, followed))
                self._book = books.merged(self._book or books.Book(), books.from_json(found or {}))
        return other

    async def _beside_looks(self, work: Coroutine[object, None, T]) -> T:
        """However long a sync takes, alerts do not wait for it."""
        task = asyncio.create_task(work)
        try:
            while not (await asyncio.wait((task,), timeout=LOOK_S))[0]:
                self.look(time.time())
                self._keeper.look(time.time())
            return task.result()
        finally:
            task.cancel()

    def look(self, now: float) -> None:
        """What is to be told goes into the outboxes, and into the book only then."""
        pump = self._engine.pump
        hosts = host_rows(pump.fleet, now)
        found = notices(hosts, worker_rows(pump.fleet, now), race_views(pump.fleet, pump.races(), now))
        if self._book is None:
            self._book = books.Book().accepting(found, now)
        unseen = [host.name for host in hosts if host.phase != "connected"]
        book, alerts = self._book.step(found, now, unseen=unseen)
        try:
            self._write_down(book, alerts, now)
        except OSError as error:  # the book stays as it was, so that the next look finds the same news
            self._trouble(f"what was found cannot be written down, nor sent before it is: {error.strerror or error}")
            return
        self._troubled = ""
        self._book = book
        for alert in alerts:
            level = {"note": "text", "warning": "warn", "error": "bad"}[alert.notice.level]
            over = "over: " if alert.over else ""
            self._tell(f"{over}{alert.notice.who}: {alert.notice.what}", "quiet" if alert.over else level)
        for outbox in self._outboxes if alerts else ():
            outbox.deliver()

    def _write_down(self, book: books.Book, alerts: Sequence[Alert], now: float) -> None:
        for alert in alerts:
            for outbox in self._outboxes:
                if outbox.wants(alert):
                    outbox.put(alert)
        assert self._book is not None
        news = bool(alerts) or book.entries.keys() != self._book.entries.keys() or not self._path.exists()
        if news or now - self._kept >= KEEP_S:
            atomic.replace(self._path, json.dumps(book.to_json()).encode(), durable=news)
            self._kept = now

    def _trouble(self, text: str) -> None:
        """Told once for as long as it lasts: a full disk of the laptop ends no watch."""
        if text != self._troubled:
            self._troubled = text
            self._tell(text, "bad")

    def would(self, now: float) -> list[tuple[str, str]]:
        """What would be done now, in lines of text and tone; nothing of it is."""
        pump = self._engine.pump
        lines = verdict_lines(stops(self._keeper.verdicts(now)))
        wanted = self._wanted() if self._settings.sync else {}
        lines += [
            (f"would sync {pump.fleet.runs[key].worker} ({key}) into {self._settings.to}", "text") for key in wanted
        ]
        contents = gather(pump.fleet, pump.races(), now)
        found = notices(contents.hosts, contents.workers, contents.races)
        book = self._book if self._book is not None else books.Book().accepting(found, now)
        for alert in book.step(found, now, hold=0.0)[1]:
            ways = ", ".join(box.name for box in self._outboxes if box.wants(alert)) or "nobody"
            over = "over: " if alert.over else ""
            lines.append((f"would tell {ways}: {over}{alert.notice.who}: {alert.notice.what}", "text"))
        return lines or [("nothing would be done now", "quiet")]

    async def _sync(self) -> bool:
        """What is new of all runs, onto this laptop."""
        wanted = self._wanted()
        if not wanted:
            return True
        options, good, moved = PullOptions(self._settings.to, passing=True), True, 0
        async for step in in_thread(lambda: self._engine.actions.pull(tuple(wanted), options)):
            if step.ok is False:
                good = False
                self._tell(f"{step.worker}: not synced: {step.text}{'; ' + step.mend if step.mend else ''}", "warn")
            elif step.ok:
                moved += 1
        if good:
            self._synced |= wanted
        self._tell(f"synced {moved} of {len(wanted)} runs into {self._settings.to}", "quiet")
        return good

    def _wanted(self) -> dict[RunKey, tuple[str, float | None, int]]:
        """Runs that moved since the last sync, on hosts that can be reached."""
        fleet, found = self._engine.pump.fleet, {}
        for row in worker_rows(fleet, time.time()):
            run = fleet.runs.get(row.key) if row.key is not None else None
            if run is None or row.pulled or run.gone or row.state.name == "queued" or row.host == self._settings.here:
                continue
            if not (row.host in fleet.hosts and fleet.hosts[row.host].reachable):
                continue
            saved = run.status.checkpoint.time if run.status and run.status.checkpoint else None
            mark = (row.state.name, saved, len(run.rows))
            if self._synced.get(run.key) != mark:
                found[run.key] = mark
        return found

    def _report(self) -> None:
        pump = self._engine.pump
        problems = [str(problem) for problem in pump.problems]
        try:
            report.write(gather(pump.fleet, pump.races(), time.time(), problems=problems), self._settings.to)
        except OSError as error:
            self._tell(f"the report cannot be written: {error}", "bad")

    async def _delivered(self, seconds: float) -> None:
        """Wait for the letters that can be delivered."""
        end = time.monotonic() + seconds
        while any(outbox.left for outbox in self._outboxes) and time.monotonic() < end:
            await asyncio.sleep(0.05)

    def _load(self) -> books.Book | None:
        try:
            found = decode_document(self._path.read_bytes())
        except OSError:
            return None
        if found is None:
            self._path.replace(self._path.with_suffix(".damaged"))
            self._tell("what was told before could not be read: ends of long ago are not told again", "warn")
            return None
        return books.from_json(found)
