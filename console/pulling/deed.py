"""The pull of one run and the push of a folder, as steps. Either can be left at any point, and done again."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from console.fleet.model import Pulled as Noted
from console.fleet.model import RunKey
from console.pulling import choice as choose
from console.pulling import ledger, words
from console.pulling.ledger import Ledger, Pulls
from console.pulling.options import PullOptions
from console.source import Step
from remote.transfer.listing import Left, Link
from remote.transfer.pace import Bucket, Progress
from remote.transfer.parts import told
from remote.transfer.pull import Pull, Pulled, Wish
from remote.transfer.push import Push
from remote.transport import Transport
from trainer.record import files
from trainer.record.jsonl import decode_document

ROUNDS = 3  # a live run may replace its checkpoints while they are taken
LINK = "it is a link"


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a host's files."""

    transport: Transport
    root: str
    pythons: tuple[str, ...]
    buckets: tuple[Bucket, ...] = ()


class RunPull:
    """One run, into a folder named after it."""

    def __init__(self, key: RunKey, worker: str, way: Way, options: PullOptions, pulls: Pulls | None) -> None:
        self._key, self._worker, self._way, self._options, self._pulls = key, worker, way, options, pulls
        self._folder = options.to.expanduser().absolute() / key.run
        self._from = f"{way.root}/runs/{key.run}"
        self._kept = ledger.read(self._folder, key.host)
        self._passing = set(ledger.read_passing(self._folder, key.host)) & set(self._kept)
        self._left: dict[str, Left] = {}
        self._files = self._bytes = 0

    def steps(self, state: str, live: bool) -> Iterator[Step]:
        """Its progress, then its verdict. `state` and `live` are the run's, as it is known."""
        yield Step(self._worker, f"looking at {self._key.run} on {self._key.host}")
        for _ in range(ROUNDS):
            done = yield from self._part(self._options.choice.record)
            if done.missing:
                yield Step(self._worker, f"{self._key.host} has no run {self._key.run}", ok=False)
                return
            names = self._names()
            log = self._adopted_log()
            done = yield from self._part(partial(self._options.choice.checkpoint, named=names), log)
            wanted = {f"{files.CHECKPOINTS}/{name}" for name in names or ()}
            if self._options.choice.checkpoints in ("all", "none") or wanted <= set(done.kept):
                if self._options.passing and wanted:
                    self._let_pass(wanted)
                break
        yield self._verdict(state, live)

    def _part(self, wanted: Callable[[str], bool], link: Link | None = None) -> Generator[Step, None, Pulled]:
        options = self._options

        def also(path: str) -> bool:
            return wanted(path) or (link is not None and path == link.path)

        wish = Wish(self._from, self._folder, also, choose.grows, self._kept, verify=options.verify, link=link)
        buckets = (*self._way.buckets, *((options.limit,) if options.limit else ()))
        pull = Pull(self._way.transport, wish, pythons=self._way.pythons, buckets=buckets, stop=options.stop)
        steps = pull.run()
        while True:
            try:
                now: Progress = next(steps)
            except StopIteration as end:
                done: Pulled = end.value
                break
            yield Step(self._worker, words.progress(now), share=words.share(now))
        pull.settle(done)
        new = {path for path in done.kept if path not in self._kept and choose.is_checkpoint(path)} - {choose.INDEX}
        self._passing = self._passing | new if self._options.passing else self._passing - set(done.kept)
        self._kept |= done.kept
        self._left = {path: item for path, item in self._left.items() if path not in done.kept}
        self._left |= {item.path: item for item in done.left}
        self._files += done.files
        self._bytes += done.bytes
        return done

    def _let_pass(self, wanted: set[str]) -> None:
        """Newer ones are whole here: those that only a pull like this one brought, and nobody has touched, go."""
        here = ledger.still_here(self._folder, self._kept)
        for path in self._passing & set(here) - wanted:
            (self._folder / path).unlink()
            del self._kept[path]
        self._passing &= wanted

    def _names(self) -> frozenset[str] | None:
        """The chosen checkpoints, by what was pulled of the run's own word."""
        read = [self._document(name) for name in (choose.INDEX, files.RESULTS, files.STATUS)]
        return choose.named(self._options.choice, *read)

    def _adopted_log(self) -> Link | None:
        """The log of a run that was adopted lies where its process writes it; adopting it left a link to that file."""
        launch = self._document(files.LAUNCH) or {}
        log = launch.get("log")
        wanted = launch.get("adopted") is True and self._options.choice.record(files.LOG)
        if not wanted or not isinstance(log, str) or not log.startswith(("/", "~/")) or "\n" in log or "\0" in log:
            return None
        return Link(files.LOG, log)

    def _document(self, name: str) -> Mapping[str, Any] | None:
        try:
            return decode_document((self._folder / name).read_bytes())
        except OSError:
            return None

    def _verdict(self, state: str, live: bool) -> Step:
        left = tuple(sorted(self._left.values()))
        lost = [item for item in left if item.why != LINK and not (live and item.why.endswith("in a row"))]
        here = ledger.still_here(self._folder, self._kept)
        complete = self._options.choice.everything and not lost and not live
        about = (self._key.run, self._worker, self._key.host, self._from, state)
        passing = frozenset(self._passing) & set(here)
        found = Ledger(*about, time.time(), complete, self._options.choice, here, left, passing)
        with told(self._folder):
            ledger.write(self._folder, found)
        if self._pulls is not None:
            self._pulls.note(self._key, Noted(str(self._folder), found.time, complete))
        text = words.verdict(self._files, self._bytes, len(here), str(self._folder))
        if lost:
            mend = "look at them on the host; --exclude leaves them out"
            return Step(self._worker, f"{text}; not taken: {words.left(lost)}", ok=False, mend=mend)
        notes = [text, "a snapshot: it is still running" if live else "", _links(left)]
        return Step(self._worker, "; ".join(note for note in notes if note), ok=True)


def _links(left: tuple[Left, ...]) -> str:
    links = [item for item in left if item.why == LINK]
    return f"left on the host: {words.left(links)}" if links else ""


def push(name: str, source: Path, folder: str, way: Way, limit: Bucket | None = None) -> Iterator[Step]:
    """A file or folder of this laptop, to a host."""
    buckets = (*way.buckets, *((limit,) if limit else ()))
    yield Step(name, f"comparing {source} with {folder}")
    steps = Push(way.transport, source, folder, pythons=way.pythons, buckets=buckets).run()
    while True:
        try:
            now: Progress = next(steps)
        except StopIteration as end:
            done = end.value
            break
        yield Step(name, words.progress(now), share=words.share(now))
    text = words.pushed(done.files, done.bytes, done.same, folder)
    links = f"; left here: {words.left(done.left)}" if done.left else ""
    yield Step(name, f"{text}{links}", ok=True)
