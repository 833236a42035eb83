"""Resume and promote: a run goes on from its last checkpoint, with the code that it began with."""

from collections.abc import Iterator, Mapping, Sequence

from console.config import Config
from console.deeds.queueing import place_of, queued
from console.fleet.model import Run
from console.hosts import Hosts
from console.shipping.kit import Shipping
from console.source import Step
from remote.launcher import Launch
from trainer.record import files
from trainer.record.ranking import Choice, Entrant, choose


def resume(config: Config, hosts: Hosts, shipping: Shipping, run: Run, changes: Sequence[str] = ()) -> Iterator[Step]:
    """Another attempt of a run. `changes`: settings of the trainer that are to be others from now on."""
    key, name = run.key, run.worker
    kit = yield from shipping.pinned(name, key.host, run.config)
    command = run.config.get("command")
    root = hosts.root(key.host)
    if isinstance(command, Mapping):
        argv = tuple(str(word) for word in command.get("argv", ()))
        env = {str(key): str(value) for key, value in dict(command.get("env", {})).items()}
        launch = Launch(root, key.run, name, argv, str(command.get("folder", "")), env, resume=True)
    else:
        trainer = shipping.trainer(key.host, kit)
        worker = config.workers.get(name)
        sets = [part for item in changes for part in ("--set", item)]
        argv = trainer.argv("run", f"{{run}}/{files.RUN}", "--run-dir", "{run}", "--resume", *sets)
        launch = Launch(root, key.run, name, argv, env=trainer.around(worker.env if worker else {}), resume=True)
    yield Step(name, f"resuming {key.run} on {key.host}")
    place = place_of(run.origin)
    started = hosts.launcher(key.host).start(queued(launch, place, kit.python))
    if started.already:
        yield Step(name, f"is already running on {key.host}: {started.run}", ok=started.run == key.run)
    else:
        yield Step(name, f"resumed on {key.host}: {started.run}, attempt {started.attempt}", ok=True)


def best_of(runs: Mapping[str, Run], *, best: int, metric: str, epochs: int) -> Choice:
    """Which of these runs, by their workers' names, go on. ValueError when they cannot be ranked."""
    entrants = [Entrant(name, run.status, run.config) for name, run in runs.items()]
    return choose(entrants, best=best, epochs=epochs, metric=metric)
