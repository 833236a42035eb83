"""Start and race: resolve all, try all out, then start. What is wrong with any is found before anything is started."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from console.config import Config, in_words_of, overrides, trainer_spec
from console.deeds.guard import Guard, Verdicts
from console.deeds.origin import instance, origin
from console.deeds.queueing import Place, await_place, queued
from console.deeds.sharing import Room, room, share
from console.fleet.words import duration
from console.hosts import Hosts
from console.parallel import Work, bind, in_turn, together
from console.preflight import Busy, HostTrainer, Refused
from console.shipping.kit import Kit, Shipping
from console.source import Step
from remote.launcher import Launch
from trainer.record import files, toml
from trainer.schema import nearest

AT_ONCE = 4  # workers that are read and tried out at the same time: each is a trainer of its own on the host


@dataclass(slots=True)
class Prepared:
    """A worker whose start is fully decided."""

    worker: str
    launch: Launch
    python: str  # of the host
    config_text: str = ""  # "" for a command
    trainer: HostTrainer | None = None
    share: str = ""  # of the host, among others that run there


@dataclass(slots=True)
class Batch:
    """Workers that are started together. `race`: the id of their race, if they race."""

    workers: Sequence[str]
    race: str = ""
    prepared: dict[str, Prepared] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)  # worker → its run: nothing is left to do


class Starter:
    """Starts workers of a configuration."""

    def __init__(
        self, config: Config, hosts: Hosts, shipping: Shipping, guard: Guard, clock: Callable[[], float]
    ) -> None:
        self._config, self._hosts, self._shipping = config, hosts, shipping
        self._guard, self._clock = guard, clock
        self._rooms: dict[str, Room] = {}

    def start(self, workers: Sequence[str], *, race: str, check: bool, trial: bool = False) -> Iterator[Step]:
        """In a race one that would fail keeps its rivals from being started."""
        batch, watch = Batch(workers, race), Verdicts()
        stages: list[Callable[[str], Iterator[Step]]] = [lambda name: self._prepare(name, batch)]
        if check:
            stages.append(lambda name: self._check(batch.prepared[name]))
        if trial:
            stages.append(lambda name: self._trial(batch.prepared[name]))
        for stage in stages:
            names = [name for name in workers if name not in batch.running and name not in watch.failed]
            works = [self._guard.over(name, bind(stage, name)) for name in names]
            yield from watch.over(together(works, most=AT_ONCE))
            if watch.failed and race:
                text = f"not started, because of {', '.join(sorted(watch.failed))}"
                left = [name for name in workers if name not in watch.failed and name not in batch.running]
                yield from (Step(name, text, ok=False) for name in left)
                return
        names = [name for name in workers if name not in batch.running and name not in watch.failed]
        yield from together(self._lanes(names, batch))

    def _lanes(self, names: Sequence[str], batch: Batch) -> list[Work]:
        """All at once; but those that queue on one host one after the other, which is their order in the queue."""
        lanes: dict[str, list[Work]] = {}
        for name in names:
            worker = self._config.workers[name]
            work = self._guard.over(name, bind(self._launch, batch.prepared[name], batch))
            queues = worker.gpus or self._at_once(name)
            lanes.setdefault(f"host {worker.host}" if queues else f"worker {name}", []).append(work)
        return [in_turn(works) for works in lanes.values()]

    def try_out(self, name: str) -> Iterator[Step]:
        """Everything but the start."""
        worker = self._config.workers[name]
        kit = yield from self._shipping.kit(name)
        if worker.command:
            yield self._look_for(name, kit)
            return
        watch = Verdicts()
        yield from watch.over(self._check(self._trainer(name, "", kit)))
        if not watch.failed:
            yield Step(name, "would train", ok=True)

    def _prepare(self, name: str, batch: Batch) -> Iterator[Step]:
        worker = self._config.workers.get(name)
        if worker is None:
            yield Step(name, f"unknown worker {name!r}", ok=False, mend=nearest(name, list(self._config.workers)))
            return
        live = {item.name: item.run for item in self._hosts.launcher(worker.host).sessions()}
        if name in live:
            text = f"is already running on {worker.host}: {live[name]}"
            if batch.race:
                yield Step(name, text, ok=False, mend=f"trajconsole stop {name}, then start the race again")
            else:
                batch.running[name] = live[name]
                yield Step(name, text, ok=True)
            return
        yield Step(name, f"reading its configuration on {worker.host}")
        kit = yield from self._shipping.kit(name)
        if worker.command:
            batch.prepared[name] = self._command(name, kit)
            return
        found = batch.prepared[name] = self._trainer(name, batch.race, kit, {*live, *batch.workers})
        if found.share:
            yield Step(name, f"gets {found.share}, beside others on {worker.host}")

    def _trainer(self, name: str, race: str, kit: Kit, beside: Iterable[str] = ()) -> Prepared:
        worker = self._config.workers[name]
        trainer = self._shipping.trainer(worker.host, kit)
        changes = list(overrides(worker.set))
        if race:
            folder = f"{self._hosts.root(worker.host)}/races/{race}"
            changes.append(f"race.folder={toml.dumps({'v': folder}).partition('=')[2].strip()}")
        try:
            table = trainer.resolve(trainer_spec(self._config, name), changes, worker.env)
        except Refused as error:
            raise Refused(in_words_of(self._config, name, error.what), error.mend) from None
        others = self._trainers(worker.host, beside)
        named = [item.partition("=")[0] for item in changes]
        said = share(table, self._room(worker.host), others, named, worker.gpus) if others > 1 or worker.gpus else ""
        about = origin(name, worker.host, self._clock())
        place = self._place(name)
        own = self._config.origins.get(name, {})
        table["origin"] = {**about, **({"race": race} if race else {}), **own, **place.origin, **kit.origin}
        text = toml.dumps(table)
        argv = trainer.argv("run", f"{{run}}/{files.RUN}", "--run-dir", "{run}")
        launch = self._launch_of(name, argv, trainer.around(worker.env), text)
        return Prepared(name, launch, kit.python, text, trainer, said)

    def _command(self, name: str, kit: Kit) -> Prepared:
        worker = self._config.workers[name]
        argv = [kit.python if word == "{python}" else word for word in worker.command]
        cwd, env = _place(kit, worker.folder), kit.env(worker.env)
        about = {**origin(name, worker.host, self._clock()), **self._config.origins.get(name, {}), **kit.origin}
        about |= self._place(name).origin
        text = toml.dumps({"command": {"argv": argv, "folder": cwd, "env": env}, "origin": about})
        return Prepared(name, self._launch_of(name, argv, env, text, cwd), kit.python)

    def _launch_of(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], run_toml: str, cwd: str = ""
    ) -> Launch:
        worker = self._config.workers[name]
        return Launch(
            root=self._hosts.root(worker.host),
            run=instance(name, self._clock()),
            session=name,
            argv=tuple(argv),
            cwd=cwd,
            env=dict(env),
            files={files.RUN: run_toml.encode()},
        )

    def _place(self, name: str, batch: Batch | None = None) -> Place:
        """What a worker waits for; with the runs of those that are started with it."""
        worker = self._config.workers[name]
        runs = {} if batch is None else batch.running | {key: item.launch.run for key, item in batch.prepared.items()}
        after = tuple(f"{other}={runs[other]}" if other in runs else other for other in worker.after)
        at_once = self._at_once(name)
        lane = self._config.sweep_of(name) if at_once else ""
        return Place(worker.gpus, after, worker.after_end == "any", lane, at_once)

    def _at_once(self, name: str) -> int:
        """How many of the worker's sweep may run at once on its host; 0: as many as there are."""
        sweep = self._config.sweeps.get(self._config.sweep_of(name))
        return sweep.at_once if sweep else 0

    def _trainers(self, host: str, names: Iterable[str]) -> int:
        """How many trainers of these will run on the host at once."""
        workers = self._config.workers
        there = {n for n in names if n in workers and workers[n].host == host and not workers[n].command}
        found = sum(not self._at_once(name) for name in there)
        for sweep in {self._config.sweep_of(name) for name in there if self._at_once(name)}:
            members = sum(self._config.sweep_of(name) == sweep for name in there)
            found += min(members, self._config.sweeps[sweep].at_once)
        return found

    def _room(self, host: str) -> Room:
        return self._rooms.get(host) or self._rooms.setdefault(host, room(self._hosts.transport(host)))

    def _check(self, prepared: Prepared) -> Iterator[Step]:
        if prepared.trainer is None:
            return
        worker = self._config.workers[prepared.worker]
        yield Step(prepared.worker, f"checking it on {worker.host}: one real step, a validation, a checkpoint")
        try:
            found = prepared.trainer.check(prepared.config_text, worker.env, worker.gpus)
        except Busy as busy:
            yield Step(prepared.worker, f"not checked: {busy}")
            return
        for item in found:
            if not item.ok:
                yield Step(prepared.worker, f"check of {item.name} failed: {item.detail}", ok=False, mend=item.mend)
                return
        yield Step(prepared.worker, f"checked: {', '.join(item.name for item in found)}")

    def _trial(self, prepared: Prepared) -> Iterator[Step]:
        """Everything once, on a few samples; what the long run would cost is told."""
        worker = self._config.workers[prepared.worker]
        if prepared.trainer is None:
            yield Step(prepared.worker, "is a command: there is no trial of it")
            return
        parts = "a step, an end, a resume, two epochs on a few samples, a checkpoint read back"
        yield Step(prepared.worker, f"trial on {worker.host}: {parts}; minutes")
        try:
            found = prepared.trainer.trial(prepared.config_text, worker.env, worker.gpus)
        except Busy as busy:
            yield Step(prepared.worker, f"not started: no trial now: {busy}", ok=False, mend="start it without a trial")
            return
        mend = found.findings[0][1] if found.findings else ""
        if not found.ok:
            yield Step(prepared.worker, f"not started: the trial failed: {found.wrong}", ok=False, mend=mend)
            return
        yield from (Step(prepared.worker, f"in the trial: {proof}", mend=mend) for proof, mend in found.findings)
        yield Step(prepared.worker, f"the trial went well in {duration(found.seconds)}: {found.words}")

    def _look_for(self, name: str, kit: Kit) -> Step:
        """Is the command's program there?"""
        worker = self._config.workers[name]
        program = kit.python if worker.command[0] == "{python}" else worker.command[0]
        look = ["sh", "-c", 'cd -- "$2" && command -v "$1"', "sh", program, _place(kit, worker.folder) or "."]
        done = self._hosts.transport(worker.host).run(look)
        if done.code == 0:
            return Step(name, f"{program} is {done.stdout.decode('utf-8', 'replace').strip()}", ok=True)
        return Step(name, f"no {program}", ok=False, mend=f"install {program} on {worker.host}, or name its whole path")

    def _launch(self, prepared: Prepared, batch: Batch) -> Iterator[Step]:
        host = self._config.workers[prepared.worker].host
        place = self._place(prepared.worker, batch)
        started = self._hosts.launcher(host).start(queued(prepared.launch, place, prepared.python))
        if place and not started.already:
            await_place(self._hosts.transport(host), f"{self._hosts.root(host)}/runs/{started.run}")
        text = "is already running" if started.already else "queued" if place else "started"
        yield Step(prepared.worker, f"{text} on {host}: {started.run}", ok=True)


def _place(kit: Kit, folder: str) -> str:
    """Where a command works: in the user's code, if there is any."""
    return "/".join(filter(None, [kit.project, folder]))
