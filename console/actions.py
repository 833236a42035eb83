"""Things done to workers: the same functions for every key on the screen and every command. Implements `Actions`.

Every action blocks, tells its progress as steps, and ends with a verdict for every worker. What is wrong with any
worker is found before anything is started.
"""

import getpass
import json
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console import adopting, rates
from console.config import Config, in_words_of, overrides, trainer_spec
from console.fleet.model import Fleet, RunKey
from console.fleet.records import launched
from console.fleet.view import run_row
from console.hosts import Hosts
from console.parallel import Work, together
from console.preflight import HostTrainer, Refused
from console.pulling.deed import RunPull, Way, push
from console.pulling.ledger import Pulls
from console.pulling.options import PullOptions
from console.sharing import Room, room, share
from console.shipping.kit import Kit, Shipping
from console.source import Step
from remote.errors import AuthFailed, HostKeyProblem, RemoteError, Unreachable
from remote.launcher import KILL, LADDER, Launch, Rung, StopStep
from remote.transfer.pace import Bucket
from trainer.record import files, toml
from trainer.record.ranking import Entrant, Promoted, choose
from trainer.schema import nearest

READONLY = "this console only looks: it was started with --readonly"


@dataclass(slots=True)
class _Prepared:
    """A worker whose start is fully decided."""

    worker: str
    launch: Launch
    config_text: str = ""  # "" for a command
    trainer: HostTrainer | None = None
    share: str = ""  # of the host, among others that run there


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
        self._pulls = pulls
        self._buckets: dict[str, Bucket] = {}
        self._config, self._hosts, self._fleet = config, hosts, fleet
        self.shipping = Shipping(config, hosts)
        self._readonly, self._clock = readonly, clock
        self._rooms: dict[str, Room] = {}
        self.unreached = False  # a host could not be reached in any action so far

    def start(self, workers: tuple[str, ...], *, check: bool = True) -> Iterator[Step]:
        if self._readonly:
            yield from (Step(worker, READONLY, ok=False) for worker in workers)
            return
        yield from self._start_all(workers, race="", check=check)

    def race(self, name: str, *, check: bool = True, identity: str = "") -> Iterator[Step]:
        found = self._config.races.get(name)
        if found is None:
            yield Step(name, f"unknown race {name!r}", ok=False, mend=nearest(name, list(self._config.races)))
        elif self._readonly:
            yield Step(name, READONLY, ok=False)
        else:
            yield from self._start_all(found.workers, race=identity or instance(name, self._clock()), check=check)

    def stop(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._end(runs, "stop asked", LADDER)

    def kill(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._end(runs, "kill asked", KILL)

    def resume(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        if self._readonly:
            yield from (Step(self._worker(key), READONLY, ok=False) for key in runs)
            return
        runs, refused = self._own(runs)
        yield from refused
        yield from together([self._guarded(self._worker(key), _bind(self._resume, key)) for key in runs])

    def pull(self, runs: tuple[RunKey, ...], options: PullOptions | None = None) -> Iterator[Step]:
        """Also for those who only look: nothing of a worker is touched."""
        chosen = options or PullOptions()
        yield from together([self._guarded(self._worker(key), _bind(self._pull, key, chosen)) for key in runs])

    def push(self, host: str, source: Path, target: str, limit: Bucket | None = None) -> Iterator[Step]:
        """A file or folder of this laptop, into the host's data folder."""
        if self._readonly:
            return iter([Step(host, READONLY, ok=False)])
        return self._guarded(host, lambda: self._push(host, source, target, limit))()

    def promote(
        self, runs: tuple[RunKey, ...], *, best: int, metric: str, epochs: int, dry: bool = False
    ) -> Iterator[Step]:
        """The best of finished runs go on to more epochs, from their last checkpoint."""
        found = self._fleet().runs
        names = {self._worker(key): key for key in runs}
        try:
            choice = choose(
                [Entrant(name, found[key].status, found[key].config) for name, key in names.items()],
                best=best,
                epochs=epochs,
                metric=metric,
            )
        except ValueError as error:
            yield Step("promote", str(error), ok=False)
            return
        yield from (Step(name, f"stays: {why}", ok=True) for name, why in choice.others)
        if not choice.promoted:
            yield Step("promote", "none of them can go on", ok=False)
        if dry or self._readonly:
            yield from (Step(item.name, f"would go on: {item.text}", ok=dry or None) for item in choice.promoted)
            yield from (Step(item.name, READONLY, ok=False) for item in choice.promoted if not dry)
            return
        for place, item in enumerate(choice.promoted, 1):
            why = {"metric": choice.metric, "value": item.value, "place": place, "epochs": epochs, "among": list(names)}
            yield from self._guarded(item.name, _bind(self._promote, names[item.name], item, why))()

    def _promote(self, key: RunKey, item: Promoted, why: Mapping[str, Any]) -> Iterator[Step]:
        yield Step(item.name, f"promoted: {item.text}")
        self._audit(key, "promoted", why)
        yield from self._resume(key, item.overrides)

    def attach_argv(self, run: RunKey) -> list[str]:
        found = self._fleet().runs.get(run)
        if found is not None and found.adopted:
            return adopting.attach_argv(found, self._hosts.transport(run.host))
        return self._hosts.launcher(run.host).attach_argv(self._worker(run))

    def adopt(self, wish: adopting.Wish) -> Iterator[Step]:
        """Look at something that was started without us, from now on."""
        if self._readonly:
            yield Step(wish.worker, READONLY, ok=False)
            return
        origin = self._origin_of(wish.worker, wish.host)
        run = instance(wish.worker, self._clock())
        yield from self._guarded(wish.worker, lambda: adopting.adopt(self._hosts, wish, run, origin))()

    def check(self, workers: Sequence[str]) -> Iterator[Step]:
        """Try each worker out, starting nothing."""
        yield from together([self._guarded(name, _bind(self._check_worker, name)) for name in workers])

    def deploy(self, workers: Sequence[str]) -> Iterator[Step]:
        """Bring each worker's code to its host, starting nothing."""
        if self._readonly:
            yield from (Step(worker, READONLY, ok=False) for worker in workers)
            return
        yield from together([self._guarded(name, _bind(self._deploy, name)) for name in workers])

    def _deploy(self, name: str) -> Iterator[Step]:
        kit = yield from self.shipping.kit(name)
        yield Step(name, kit.words(self._config.workers[name].host), ok=True)

    def _start_all(self, workers: Sequence[str], *, race: str, check: bool) -> Iterator[Step]:
        """Resolve all, check all, then start. In a race one that would fail keeps its rivals from being started."""
        prepared: dict[str, _Prepared] = {}
        running: dict[str, str] = {}
        watch = _Verdicts()
        stages: list[Callable[[str], Iterator[Step]]] = [
            lambda name: self._prepare(name, race, workers, prepared, running)
        ]
        if check:
            stages.append(lambda name: self._check(prepared[name]))
        for stage in stages:
            names = [name for name in workers if name not in running and name not in watch.failed]
            yield from watch.over(together([self._guarded(name, _bind(stage, name)) for name in names]))
            if watch.failed and race:
                for name in workers:
                    if name not in watch.failed and name not in running:
                        text = f"not started, because of {', '.join(sorted(watch.failed))}"
                        yield Step(name, text, ok=False)
                return
        names = [name for name in workers if name not in running and name not in watch.failed]
        yield from together([self._guarded(name, _bind(self._launch, prepared[name])) for name in names])

    def _prepare(
        self,
        name: str,
        race: str,
        others: Sequence[str],
        prepared: dict[str, _Prepared],
        running: dict[str, str],
    ) -> Iterator[Step]:
        worker = self._config.workers.get(name)
        if worker is None:
            yield Step(name, f"unknown worker {name!r}", ok=False, mend=nearest(name, list(self._config.workers)))
            return
        live = {item.name: item.run for item in self._hosts.launcher(worker.host).sessions()}
        if name in live:
            if race:
                mend = f"trajconsole stop {name}, then start the race again"
                yield Step(name, f"is already running on {worker.host}: {live[name]}", ok=False, mend=mend)
            else:
                running[name] = live[name]
                yield Step(name, f"is already running on {worker.host}: {live[name]}", ok=True)
            return
        yield Step(name, f"reading its configuration on {worker.host}")
        kit = yield from self.shipping.kit(name)
        if worker.command:
            prepared[name] = self._command(name, kit)
            return
        found = prepared[name] = self._trainer(name, race, kit, {*live, *others})
        if found.share:
            yield Step(name, f"gets {found.share}, beside others on {worker.host}")

    def _trainer(self, name: str, race: str, kit: Kit, beside: Iterable[str] = ()) -> _Prepared:
        worker = self._config.workers[name]
        trainer = self.shipping.trainer(worker.host, kit)
        changes = list(overrides(worker.set))
        if race:
            folder = f"{self._hosts.root(worker.host)}/races/{race}"
            changes.append(f"race.folder={toml.dumps({'v': folder}).partition('=')[2].strip()}")
        try:
            table = trainer.resolve(trainer_spec(self._config, name), changes, worker.env)
        except Refused as error:
            raise Refused(in_words_of(self._config, name, error.what), error.mend) from None
        together, named = self._trainers(worker.host, beside), [item.partition("=")[0] for item in changes]
        said = share(table, self._room(worker.host), together, named) if together > 1 else ""
        table["origin"] = {**self._origin(name, race), **kit.origin}
        text = toml.dumps(table)
        argv = trainer.argv("run", f"{{run}}/{files.RUN}", "--run-dir", "{run}")
        launch = self._launch_of(name, argv, trainer.around(worker.env), text)
        return _Prepared(name, launch, text, trainer, said)

    def _trainers(self, host: str, names: Iterable[str]) -> int:
        """How many of these are trainers of the host."""
        workers = [self._config.workers[name] for name in set(names) if name in self._config.workers]
        return sum(worker.host == host and not worker.command for worker in workers)

    def _room(self, host: str) -> Room:
        return self._rooms.get(host) or self._rooms.setdefault(host, room(self._hosts.transport(host)))

    def _command(self, name: str, kit: Kit) -> _Prepared:
        worker = self._config.workers[name]
        argv = [kit.python if word == "{python}" else word for word in worker.command]
        cwd = "/".join(filter(None, [kit.project, worker.folder]))
        env = kit.env(worker.env)
        text = toml.dumps(
            {
                "command": {"argv": argv, "folder": cwd, "env": env},
                "origin": {**self._origin(name, ""), **kit.origin},
            }
        )
        return _Prepared(name, self._launch_of(name, argv, env, text, cwd))

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

    def _origin(self, name: str, race: str) -> dict[str, Any]:
        origin = self._origin_of(name, self._config.workers[name].host)
        return {**origin, **({"race": race} if race else {})}

    def _origin_of(self, name: str, host: str) -> dict[str, Any]:
        who = {"by": getpass.getuser(), "from": socket.gethostname()}
        return {"worker": name, "host": host, **who, "time": round(self._clock(), 3)}

    def _check(self, prepared: _Prepared) -> Iterator[Step]:
        if prepared.trainer is None:
            return
        worker = self._config.workers[prepared.worker]
        yield Step(prepared.worker, f"checking it on {worker.host}: one real step, a validation, a checkpoint")
        found = prepared.trainer.check(prepared.config_text, worker.env)
        for item in found:
            if not item.ok:
                yield Step(prepared.worker, f"check of {item.name} failed: {item.detail}", ok=False, mend=item.mend)
                return
        yield Step(prepared.worker, f"checked: {', '.join(item.name for item in found)}")

    def _check_worker(self, name: str) -> Iterator[Step]:
        worker = self._config.workers[name]
        kit = yield from self.shipping.kit(name)
        if worker.command:
            program = kit.python if worker.command[0] == "{python}" else worker.command[0]
            place = "/".join(filter(None, [kit.project, worker.folder])) or "."
            look = 'cd -- "$2" && command -v "$1"'
            done = self._hosts.transport(worker.host).run(["sh", "-c", look, "sh", program, place])
            ok = done.code == 0
            yield Step(
                name,
                f"{program} is {done.stdout.decode('utf-8', 'replace').strip()}" if ok else f"no {program}",
                ok=ok,
                mend="" if ok else f"install {program} on {worker.host}, or name its whole path",
            )
            return
        watch = _Verdicts()
        yield from watch.over(self._check(self._trainer(name, "", kit)))
        if not watch.failed:
            yield Step(name, "would train", ok=True)

    def _launch(self, prepared: _Prepared) -> Iterator[Step]:
        host = self._config.workers[prepared.worker].host
        started = self._hosts.launcher(host).start(prepared.launch)
        if started.already:
            yield Step(prepared.worker, f"is already running on {host}: {started.run}", ok=True)
        else:
            yield Step(prepared.worker, f"started on {host}: {started.run}", ok=True)

    def _resume(self, key: RunKey, changes: Sequence[str] = ()) -> Iterator[Step]:
        run = self._fleet().runs[key]
        name, root = run.worker, self._hosts.root(key.host)
        kit = yield from self.shipping.pinned(name, key.host, run.config)
        command = run.config.get("command")
        if isinstance(command, Mapping):
            argv = tuple(str(word) for word in command.get("argv", ()))
            env = {str(key): str(value) for key, value in dict(command.get("env", {})).items()}
            launch = Launch(root, key.run, name, argv, str(command.get("folder", "")), env, resume=True)
        else:
            trainer = self.shipping.trainer(key.host, kit)
            worker = self._config.workers.get(name)
            sets = [part for item in changes for part in ("--set", item)]
            argv = trainer.argv("run", f"{{run}}/{files.RUN}", "--run-dir", "{run}", "--resume", *sets)
            env = trainer.around(worker.env if worker else {})
            launch = Launch(root, key.run, name, argv, env=env, resume=True)
        yield Step(name, f"resuming {key.run} on {key.host}")
        started = self._hosts.launcher(key.host).start(launch)
        if started.already:
            yield Step(name, f"is already running on {key.host}: {started.run}", ok=started.run == key.run)
        else:
            yield Step(name, f"resumed on {key.host}: {started.run}, attempt {started.attempt}", ok=True)

    def _pull(self, key: RunKey, options: PullOptions) -> Iterator[Step]:
        run = self._fleet().runs[key]
        row = run_row(self._fleet(), run, self._clock())
        pull = RunPull(key, run.worker, self._way(key.host), options, self._pulls)
        yield from pull.steps(row.state.name, row.state.live)

    def _push(self, host: str, source: Path, target: str, limit: Bucket | None) -> Iterator[Step]:
        way = self._way(host)
        yield from push(host, source, f"{way.root}/data/{target}".rstrip("/"), way, limit)

    def _way(self, host: str) -> Way:
        """To the files of a host, no faster than its configuration allows."""
        found = self._config.hosts[host]
        if found.bandwidth:
            self._buckets.setdefault(host, Bucket(rates.parse(found.bandwidth)))
        buckets = tuple(self._buckets[name] for name in (host,) if name in self._buckets)
        return Way(self._hosts.transport(host), self._hosts.root(host), (found.python, "python3"), buckets)

    def _end(self, runs: tuple[RunKey, ...], event: str, ladder: tuple[Rung, ...]) -> Iterator[Step]:
        if self._readonly:
            yield from (Step(self._worker(key), READONLY, ok=False) for key in runs)
            return
        runs, refused = self._own(runs)
        yield from refused
        works = [self._guarded(self._worker(key), _bind(self._end_one, key, event, ladder)) for key in runs]
        yield from together(works)

    def _own(self, runs: tuple[RunKey, ...]) -> tuple[tuple[RunKey, ...], list[Step]]:
        """Runs that were started from a console; and what is said of those that were adopted."""
        known = self._fleet().runs
        foreign = [known[key] for key in runs if key in known and known[key].adopted]
        refused = [Step(run.worker, adopting.REFUSED, ok=False, mend=adopting.by_hand(run)) for run in foreign]
        return tuple(key for key in runs if key not in {run.key for run in foreign}), refused

    def _end_one(self, key: RunKey, event: str, ladder: tuple[Rung, ...]) -> Iterator[Step]:
        name = self._worker(key)
        root = self._hosts.root(key.host)
        self._audit(key, event)
        last: StopStep | None = None
        for last in self._hosts.launcher(key.host).stop(root, key.run, name, ladder):
            if last.next_in is not None:
                yield Step(name, _RUNGS.get(last.rung, last.rung), countdown=last.next_in)
        if last is not None and last.gone:
            yield Step(name, "gone, verified", ok=True)
        else:
            left = ", ".join(map(str, last.left)) if last is not None else ""
            yield Step(name, f"still there: {left or 'unknown'}", ok=False, mend=f"trajconsole kill {name}")

    def _audit(self, key: RunKey, event: str, details: Mapping[str, Any] | None = None) -> None:
        """One line in the run's own events: who asked for what, by the host's clock."""
        run = self._fleet().runs.get(key)
        start = launched(run) if run is not None else None
        row = {"event": event, "by": f"{getpass.getuser()}@{socket.gethostname()}", "attempt": start and start.attempt}
        row |= details or {}
        rest = json.dumps(row)[1:]
        path = f"{self._hosts.root(key.host)}/runs/{key.run}/{files.EVENTS}"
        script = '[ -d "$(dirname "$1")" ] && printf \'{"t": %s, %s\\n\' "$(date +%s)" "$2" >> "$1"'
        self._hosts.transport(key.host).run(["sh", "-c", script, "sh", path, rest])

    def _worker(self, key: RunKey) -> str:
        run = self._fleet().runs.get(key)
        return run.worker if run is not None else key.run

    def _guarded(self, worker: str, work: Work) -> Work:
        """An error of host or trainer becomes the worker's verdict."""

        def run() -> Iterator[Step]:
            try:
                yield from work()
            except Refused as error:
                yield Step(worker, error.what, ok=False, mend=error.mend)
            except RemoteError as error:
                self.unreached |= isinstance(error, Unreachable | AuthFailed | HostKeyProblem)
                yield Step(worker, error.what, ok=False, mend=error.mend)
            except ValueError as error:  # a name, a path or a variable that the host could not take
                yield Step(worker, str(error), ok=False)

        return run


_RUNGS = {
    "stop": "asked to save a checkpoint and end",
    "INT": "sent SIGINT",
    "TERM": "sent SIGTERM",
    "KILL": "sent SIGKILL",
}


class _Verdicts:
    """Which workers have failed in a stream of steps."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    def over(self, steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            if step.ok is False:
                self.failed.add(step.worker)
            yield step


def instance(name: str, now: float) -> str:
    """The id of a new run of a worker, or of a new race."""
    return f"{name}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(2)}"


def _bind(function: Callable[..., Iterator[Step]], *arguments: Any) -> Work:
    return lambda: function(*arguments)
