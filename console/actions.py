"""Things done to workers: the same functions for every key on the screen and every command. Implements `Actions`.

Every action blocks, tells its progress as steps, and ends with a verdict for every worker. What each does stands in
`console.deeds`; here is what they share: nothing when read-only, workers side by side, errors as verdicts.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console import spans
from console.alerts.trying import tried
from console.config import Config
from console.deeds import adopting, emptying, ending, fetching, resuming
from console.deeds.guard import READONLY, Guard
from console.deeds.moving import Moving
from console.deeds.origin import audit, instance, origin
from console.deeds.starting import Starter
from console.fleet.lineage import STOPPED_WITH_STUDY
from console.fleet.model import Fleet, RunKey
from console.fleet.rulings import GONE, RULED
from console.fleet.view import run_row
from console.hosts import Hosts
from console.parallel import bind, together
from console.pulling.ledger import Pulls
from console.pulling.options import PullOptions
from console.shipping.kit import Shipping
from console.source import Step
from remote import adoption
from remote.events import Cache
from remote.launcher import KILL, LADDER, Rung
from remote.launcher import ladder as ladder_of
from remote.transfer.pace import Bucket
from trainer.record.ranking import Promoted
from trainer.schema import nearest

if TYPE_CHECKING:
    from console.examine import Found


class ConsoleActions:
    """Actions on the workers of a configuration."""

    def __init__(
        self,
        config: Config,
        hosts: Hosts,
        fleet: Callable[[], Fleet],
        *,
        readonly: bool = False,
        clock: Callable[[], float] = time.time,
        pulls: Pulls | None = None,
    ) -> None:
        self._hosts, self._fleet = hosts, fleet
        self._readonly, self._clock, self._pulls = readonly, clock, pulls
        self.guard = Guard()
        self.take_up(config)

    def take_up(self, config: Config) -> None:
        """Act on this configuration from now on; what is under way ends with the one that it began with."""
        self._config = config
        self.shipping = Shipping(config, self._hosts)
        self._starter = Starter(config, self._hosts, self.shipping, self.guard, self._clock)
        self._moving = Moving(config, self._hosts, self._pulls)

    @property
    def unreached(self) -> bool:
        """A host could not be reached in any action so far."""
        return self.guard.unreached

    def start(self, workers: tuple[str, ...], *, check: bool = True, trial: bool = False) -> Iterator[Step]:
        if self._readonly:
            yield from _refused(workers)
        else:
            yield from self._starter.start(workers, race="", check=check, trial=trial)

    def race(self, name: str, *, check: bool = True, identity: str = "") -> Iterator[Step]:
        found = self._config.races.get(name)
        if found is None:
            yield Step(name, f"unknown race {name!r}", ok=False, mend=nearest(name, list(self._config.races)))
        elif self._readonly:
            yield from _refused([name])
        else:
            race = identity or instance(name, self._clock())
            yield from self._starter.start(found.workers, race=race, check=check)

    def ladder(self, run: RunKey, grace: float | None = None) -> tuple[Rung, ...]:
        """How a stop goes: with so many seconds for the checkpoint, else as the configuration says of its worker."""
        worker = self._config.workers.get(self._worker(run))
        if grace is not None:
            return ladder_of(grace)
        return ladder_of(spans.parse(worker.grace)) if worker is not None and worker.grace else LADDER

    def stop(
        self,
        runs: tuple[RunKey, ...],
        *,
        why: str = "",
        studies: Collection[str] = (),
        grace: float | None = None,
    ) -> Iterator[Step]:
        """`why` is what the runs will say of it; trials of `studies` say that they were stopped with theirs."""

        def end(key: RunKey) -> Iterator[Step]:
            run = self._fleet().runs.get(key)
            made = run.lineage if run is not None else None
            with_study = made is not None and made.kind == "study" and made.of in studies
            return self._end(key, "stop asked", self.ladder(key, grace), STOPPED_WITH_STUDY if with_study else why)

        return self._each(runs, end)

    def kill(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._each(runs, lambda key: self._end(key, "kill asked", KILL))

    def rule_out(self, run: RunKey, rule: str, proof: str, again: bool = False) -> Iterator[Step]:
        """A rule of its race ends a run: written down first, then up the ladder. `again`: it was written down."""
        return self._each((run,), lambda key: self._rule_out(key, rule, proof, again))

    def resume(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._each(runs, self._resume)

    def promote(
        self, runs: tuple[RunKey, ...], *, best: int, metric: str, epochs: int, dry: bool = False
    ) -> Iterator[Step]:
        """The best of finished runs go on to more epochs, from their last checkpoint."""
        known = self._fleet().runs
        names = {self._worker(key): key for key in runs}
        try:
            found = {name: known[key] for name, key in names.items()}
            choice = resuming.best_of(found, best=best, metric=metric, epochs=epochs)
        except ValueError as error:
            yield Step("promote", str(error), ok=False)
            return
        yield from (Step(name, f"stays: {why}", ok=True) for name, why in choice.others)
        if not choice.promoted:
            yield Step("promote", "none of them can go on", ok=False)
        if dry or self._readonly:
            yield from (Step(item.name, f"would go on: {item.text}", ok=dry or None) for item in choice.promoted)
            yield from () if dry else _refused([item.name for item in choice.promoted])
            return
        for place, item in enumerate(choice.promoted, 1):
            why = {"metric": choice.metric, "value": item.value, "place": place, "epochs": epochs, "among": list(names)}
            yield from self.guard.over(item.name, bind(self._promote, names[item.name], item, why))()

    def pull(self, runs: tuple[RunKey, ...], options: PullOptions | None = None) -> Iterator[Step]:
        """Also for those who only look: nothing of a worker is touched."""
        chosen = options or PullOptions()
        yield from together([self.guard.over(self._worker(key), bind(self._pull, key, chosen)) for key in runs])

    def push(self, host: str, source: Path, target: str, limit: Bucket | None = None) -> Iterator[Step]:
        """A file or folder of this laptop, into the host's data folder."""
        if self._readonly:
            return _refused([host])
        return self.guard.over(host, bind(self._moving.push, host, source, target, limit))()

    def attach_argv(self, run: RunKey) -> list[str]:
        found = self._fleet().runs.get(run)
        if found is not None and found.adopted:
            return adopting.attach_argv(found, self._hosts.transport(run.host))
        return self._hosts.launcher(run.host).attach_argv(self._worker(run))

    def fetch(self, run: RunKey, path: str, limit: int, told: Callable[[int], None]) -> bytes:
        """Also for those who only look."""
        folder = f"{self._hosts.root(run.host)}/runs/{run.run}"
        return fetching.fetch(self._hosts.transport(run.host), folder, path, limit, told)

    def adopt(self, wish: adopting.Wish) -> Iterator[Step]:
        """Look at something that was started without us, from now on."""
        if self._readonly:
            return _refused([wish.worker])
        now = self._clock()
        about, run = origin(wish.worker, wish.host, now), instance(wish.worker, now)
        return self.guard.over(wish.worker, bind(adopting.adopt, self._hosts, wish, run, about))()

    def examine(self, host: str) -> Iterator["Found"]:
        """Nothing is started, and nothing stays there."""
        from console.examine import examine_host  # noqa: PLC0415 - only where somebody looks

        workers = [worker for worker in self._config.workers.values() if worker.host == host]
        trains = not workers or any(worker.trainer for worker in workers)
        return examine_host(host, self._config.hosts[host], self._hosts, trains=trains)

    def empty(self, host: str, cache: Cache) -> Iterator[Step]:
        """Empty a cache of this user."""
        if self._readonly:
            return _refused([host])
        return self.guard.over(host, bind(emptying.empty, host, self._hosts.transport(host), cache))()

    def foreign(self, host: str) -> tuple[adoption.Foreign, ...]:
        """Only looks."""
        return adoption.foreign(self._hosts.transport(host), self._config.hosts[host].socket)

    def round_trip(self, host: str) -> float:
        """Only looks."""
        start = time.monotonic()
        self._hosts.transport(host).run(["true"], timeout=20.0)
        return time.monotonic() - start

    def check(self, workers: Sequence[str]) -> Iterator[Step]:
        """Try each worker out, starting nothing."""
        yield from together([self.guard.over(name, bind(self._starter.try_out, name)) for name in workers])

    def test_alerts(self, names: Sequence[str]) -> Iterator[Step]:
        """One through each of these ways."""

        def through(name: str) -> Iterator[Step]:
            problem = tried(name, self._config.alerts[name])
            yield Step(name, problem or "delivered", ok=not problem)

        if self._readonly:
            yield from _refused(names)
        else:
            yield from together([bind(through, name) for name in names])

    def deploy(self, workers: Sequence[str]) -> Iterator[Step]:
        """Bring each worker's code to its host, starting nothing."""
        if self._readonly:
            yield from _refused(workers)
        else:
            yield from together([self.guard.over(name, bind(self._deploy, name)) for name in workers])

    def _each(self, runs: tuple[RunKey, ...], deed: Callable[[RunKey], Iterator[Step]]) -> Iterator[Step]:
        """The deed to every run side by side; adopted ones are only looked at."""
        if self._readonly:
            yield from _refused([self._worker(key) for key in runs])
            return
        known = self._fleet().runs
        foreign = [known[key] for key in runs if key in known and known[key].adopted]
        yield from (Step(run.worker, adopting.REFUSED, ok=False, mend=adopting.by_hand(run)) for run in foreign)
        own = [key for key in runs if key not in {run.key for run in foreign}]
        yield from together([self.guard.over(self._worker(key), bind(deed, key)) for key in own])

    def _end(self, key: RunKey, event: str, ladder: tuple[Rung, ...], why: str = "") -> Iterator[Step]:
        audit(self._hosts, key, self._fleet().runs.get(key), event, {"why": why} if why else None)
        if why:
            ending.say_why(self._hosts, key, why)
        yield from ending.end(self._hosts, key, self._worker(key), ladder)

    def _rule_out(self, key: RunKey, rule: str, proof: str, again: bool) -> Iterator[Step]:
        run, gone = self._fleet().runs.get(key), False
        if not again:
            audit(self._hosts, key, run, RULED, {"rule": rule, "proof": proof})
        for step in self._end(key, "stop asked", self.ladder(key)):
            gone = gone or step.ok is True
            yield step
        audit(self._hosts, key, run, GONE, {"rule": rule, "gone": gone})

    def _resume(self, key: RunKey, changes: Sequence[str] = ()) -> Iterator[Step]:
        tuned = self._fleet().runs[key].origin.get("tuned")
        if tuned:
            mend = f"trajconsole tune {tuned} --name {key.run}"
            return iter([Step(self._worker(key), "is a study: its trials are handed out", ok=False, mend=mend)])
        return resuming.resume(self._config, self._hosts, self.shipping, self._fleet().runs[key], changes)

    def _promote(self, key: RunKey, item: Promoted, why: Mapping[str, Any]) -> Iterator[Step]:
        yield Step(item.name, f"promoted: {item.text}")
        audit(self._hosts, key, self._fleet().runs.get(key), "promoted", why)
        yield from self._resume(key, item.overrides)

    def _pull(self, key: RunKey, options: PullOptions) -> Iterator[Step]:
        fleet = self._fleet()
        run = fleet.runs[key]
        return self._moving.pull(run, run_row(fleet, run, self._clock()).state, options)

    def _deploy(self, name: str) -> Iterator[Step]:
        kit = yield from self.shipping.kit(name)
        yield Step(name, kit.words(self._config.workers[name].host), ok=True)

    def _worker(self, key: RunKey) -> str:
        run = self._fleet().runs.get(key)
        return run.worker if run is not None else key.run


def _refused(names: Sequence[str]) -> Iterator[Step]:
    """Nothing is done when only looking is wanted."""
    return iter([Step(name, READONLY, ok=False) for name in names])
