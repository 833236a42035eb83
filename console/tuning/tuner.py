"""Hands out the trials of a study: asks for settings, starts runs, reports what they show, ends what is not worth it.

Everything that must not be forgotten stands in the study's journal or in run.toml of a trial, so that a console that is
killed and started again goes on with the same runs. Leaving touches no run.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from console.config import Config, in_words_of, overrides, trainer_spec
from console.deeds.origin import origin
from console.engine import Engine
from console.fleet.lineage import STOPPED_WITH_STUDY, value_word, values_words
from console.fleet.model import Run
from console.fleet.view import run_row
from console.format import plural
from console.parallel import in_thread
from console.preflight import Refused
from console.source import Step
from console.sweeping import with_values
from console.tuning import judging
from console.tuning.desk import Desk, Trial, trial_of
from remote.errors import RemoteError, Unreachable
from trainer.outcomes.words import figure
from trainer.record import toml

LOOK_S = 1.0
SEEN_S = 60.0  # a trial that was started shows itself before this
SETTLED_S = 1.0  # that a run has ended is believed after this: its last row may come behind its last word
AGAIN_S = (2.0, 5.0, 15.0, 30.0)  # until the study is opened again when its host was lost
T = TypeVar("T")
Tell = Callable[[str, str], None]  # words, tone


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for."""

    worker: str
    name: str  # of the study
    hosts: tuple[str, ...]
    at_once: int
    trials: int = 0  # 0: as many as the configuration says
    check: bool = True


class Tuner:
    """One console's part of a study, over an open engine."""

    def __init__(self, engine: Engine, wish: Wish, tell: Tell) -> None:
        self._engine, self._wish, self._tell = engine, wish, tell
        self._config = engine.config  # with a worker for each trial
        self._desk: Desk | None = None
        self._trials: dict[int, Trial] = {}
        self._metric, self._mode, self._of = "", "max", 0
        self._busy: dict[int, asyncio.Task[None]] = {}  # trials that are being started or stopped
        self._started: dict[int, str] = {}  # trial → its host, as this console started it
        self._pruned: dict[int, str] = {}
        self._ended: dict[int, float] = {}  # since when its run looks ended
        self._checked: set[str] = set()  # hosts on which a trial was tried out
        self._over = ""  # why no more trials begin
        self._stop = False  # somebody stopped the study
        self._best: Mapping[str, Any] | None = None

    @property
    def running(self) -> list[Trial]:
        """Trials that nothing was told of yet."""
        return [trial for trial in self._trials.values() if trial.state == "running"]

    async def run(self) -> dict[str, Any]:
        """To the end of the study: what it came to, as the trainer says it. Refused when it cannot even begin."""
        await self._open()
        failures = 0
        try:
            while True:
                try:
                    if await self._round():
                        found = await self._ask("end", stopped=self._stop)
                        if self._stop:
                            await self._end_trials()
                        return found
                    failures = 0
                except RemoteError as error:
                    if self._stop:
                        raise
                    wait = AGAIN_S[min(failures, len(AGAIN_S) - 1)]
                    failures += 1
                    self._tell(f"{error}; again in {wait:g} s: the trials go on meanwhile", "warn")
                    await asyncio.sleep(wait)
                    await self._again()
                await asyncio.sleep(LOOK_S)
        finally:
            for task in self._busy.values():
                task.cancel()
            self.close()

    def close(self) -> None:
        """Leave; the runs go on."""
        if self._desk is not None:
            self._desk.close()

    # ---- the study ---------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        self._desk = await _thread(self._opened)
        known = self._desk.known
        self._metric, self._mode, self._of = str(known["metric"]), str(known["mode"]), int(known["of"])
        self._trials = {trial.number: trial for trial in map(trial_of, known["trials"])}
        self._best = known.get("best")
        for trial in self.running:
            self._add(trial, trial.place.partition(":")[0] or self._wish.hosts[0])
        done = len(self._trials) - len(self.running)
        so_far = f", {done} are done" if done else ""
        left = f", {len(self.running)} go on" if self.running else ""
        better = "larger" if self._mode == "max" else "smaller"
        self._tell(
            f"{self._wish.name}: {self._of} trials{so_far}{left}; {self._metric}, {better} is better; on "
            f"{', '.join(self._wish.hosts)}, {self._wish.at_once} at once",
            "text",
        )

    async def _again(self) -> None:
        self.close()
        self._desk = None
        try:
            self._desk = await _thread(self._opened)
        except RemoteError:
            return  # the next question says so
        except Refused as error:  # the former one may still be there, on a host that has not noticed
            self._tell(f"{self._wish.name}: {error.what}", "warn")
            return
        known = {trial.number: trial for trial in map(trial_of, self._desk.known["trials"])}
        self._trials = {**self._trials, **known}

    def _opened(self) -> Desk:
        """On a thread: the trainer there, with the configuration as it is now."""
        wish, config, actions = self._wish, self._engine.config, self._engine.actions
        worker = config.workers[wish.worker]
        shipping = actions.shipping
        steps = shipping.kit(wish.worker)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                kit = end.value
                break
        trainer = shipping.trainer(worker.host, kit)
        changes = list(overrides(worker.set))
        changes += [f"tune.trials={wish.trials}"] if wish.trials else []
        try:
            table = trainer.resolve(trainer_spec(config, wish.worker), changes, worker.env)
        except Refused as error:
            raise Refused(in_words_of(config, wish.worker, error.what), error.mend) from None
        table["origin"] = {**origin(wish.name, worker.host, time.time()), "tuned": wish.worker, **kit.origin}
        return Desk(trainer.study(wish.name, toml.dumps(table), worker.env))

    async def _ask(self, do: str, **more: Any) -> dict[str, Any]:
        desk = self._desk
        if desk is None:
            raise Unreachable("the study's host is not reached", "the study goes on when it is")
        found = await _thread(lambda: desk.ask(do, **more))
        self._stop = self._stop or bool(found.get("stop"))
        self._best = found.get("best") or self._best
        return found

    # ---- a round -----------------------------------------------------------------------------------------------------

    async def _round(self) -> bool:
        """Look at every trial, then begin more. True when the study is over."""
        await self._ask("look")
        for trial in self.running:
            await self._look(trial)
        if self._stop:
            return True
        free = [trial for trial in self.running if not self._begun(trial)]
        while not self._over and len(self.running) < self._wish.at_once and self._hosts():
            found = await self._ask("ask")
            if found["trial"] is None:
                self._over = str(found["why"])
                break
            trial = trial_of(found["trial"])
            self._trials[trial.number] = trial
            free.append(trial)
        places = self._wish.at_once - (len(self.running) - len(free))
        for trial in free[: max(0, places)]:
            await self._begin(trial)
        return bool(self._over) and not self.running

    def _begun(self, trial: Trial) -> bool:
        """It runs, or is on its way, or nobody can say yet whether it does."""
        if trial.number in self._busy or trial.number in self._started or self._run(trial) is not None:
            return True
        host = trial.place.partition(":")[0]
        return bool(host) and not self._synced(host)

    async def _look(self, trial: Trial) -> None:
        run = self._run(trial)
        if run is None:
            await self._look_for(trial)
            return
        place = str(run.key)
        if trial.place != place:
            await self._ask("place", trial=trial.number, where=place)
            trial = self._keep(replace(trial, place=place))
        for epoch, value in judging.news(run, self._metric, trial.seen):
            found = await self._ask("report", trial=trial.number, epoch=epoch, value=value)
            trial = self._keep(replace(trial, seen={**trial.seen, epoch: value}))
            self._tell(f"trial {trial.number}  epoch {epoch}  {self._metric} {figure(value)}{self._so_far()}", "text")
            if found["prune"] and trial.number not in self._pruned:
                self._pruned[trial.number] = str(found["prune"])
        state = run_row(self._engine.pump.fleet, run, time.time()).state
        verdict = judging.verdict(run, state, self._metric, self._mode, self._pruned.get(trial.number, ""))
        if trial.number in self._busy:
            return
        if verdict is None:
            self._ended.pop(trial.number, None)
            if trial.number in self._pruned and state.live:
                self._work(trial, self._stopping([run], f"{judging.PRUNED}{self._pruned[trial.number]}"))
            return
        if time.time() - self._ended.setdefault(trial.number, time.time()) < SETTLED_S:
            return
        if verdict.state == "resume":
            if not self._stop:
                self._tell(f"trial {trial.number} goes on: it was stopped with the study", "text")
                self._ended.pop(trial.number)
                self._work(trial, self._resuming(run))
            return
        await self._conclude(trial, verdict, run)

    async def _look_for(self, trial: Trial) -> None:
        """A trial whose run was there, and is not any more, has failed."""
        host, _, name = trial.place.partition(":")
        if name and trial.number not in self._busy and self._synced(host):
            await self._conclude(trial, judging.Verdict("failed", why=f"its run {name} is gone from {host}"), None)

    async def _conclude(self, trial: Trial, verdict: judging.Verdict, run: Run | None) -> None:
        took = run_row(self._engine.pump.fleet, run, time.time()).elapsed_s if run is not None else None
        told = {"state": verdict.state, "value": verdict.value, "why": verdict.why, "seconds": took or 0.0}
        await self._ask("tell", trial=trial.number, **told)
        self._keep(replace(trial, state=verdict.state))
        what = {"complete": "done", "pruned": "ended early", "failed": "failed"}[verdict.state]
        value = f": {self._metric} {figure(verdict.value)}" if verdict.value is not None else ""
        why = f" ({verdict.why})" if verdict.why else ""
        tone = "bad" if verdict.state == "failed" else "good"
        self._tell(f"trial {trial.number} {what}{value}{why}{self._so_far()}", tone)

    async def _end_trials(self) -> None:
        """Somebody stopped the study: its trials are stopped too, each with a checkpoint; the next attempt resumes."""
        patience = time.monotonic() + SEEN_S
        while self._unseen() and time.monotonic() < patience:
            await asyncio.sleep(LOOK_S / 4)
        fleet, now = self._engine.pump.fleet, time.time()
        runs = [run for trial in self.running if (run := self._run(trial)) is not None]
        live = [run for run in runs if run_row(fleet, run, now).state.live]
        if live:
            self._tell(
                f"the study was stopped: {plural(len(live), 'trial')} asked to save a checkpoint and end", "warn"
            )
            await self._stopping(live, STOPPED_WITH_STUDY)

    def _unseen(self) -> bool:
        """Whether a trial is on its way, or started and not seen yet."""
        return bool(self._busy) or any(
            trial.number in self._started and self._run(trial) is None for trial in self.running
        )

    # ---- trials ------------------------------------------------------------------------------------------------------

    async def _begin(self, trial: Trial) -> None:
        """On the host with the fewest; where it was to run is written down first."""
        hosts = self._hosts()
        host = trial.place.partition(":")[0] if trial.place else ""
        if not host:
            if not hosts:
                return
            taken = [self._host_of(item) for item in self.running if item.number != trial.number]
            host = min(hosts, key=taken.count)
            await self._ask("place", trial=trial.number, where=f"{host}:")
            trial = self._keep(replace(trial, place=f"{host}:"))
        self._started[trial.number] = host
        own = " (the configuration as it is)" if trial.number == 0 else ""
        self._tell(f"trial {trial.number} begins on {host}: {values_words(trial.settings)}{own}", "text")
        name = self._add(trial, host)
        self._work(trial, self._starting(trial, name, host))

    async def _starting(self, trial: Trial, name: str, host: str) -> None:
        check = self._wish.check and host not in self._checked
        self._checked.add(host)
        actions = self._engine.actions
        actions.guard.unreached = False
        wrong = ""
        async for step in in_thread(lambda: actions.start((name,), check=check)):
            if step.ok is False:
                wrong = _words(step)
        if not wrong:
            return
        self._started.pop(trial.number)
        if actions.unreached:
            self._tell(f"trial {trial.number} could not be started: {wrong}; it is tried again", "warn")
            return
        await self._conclude(trial, judging.Verdict("failed", why=wrong), None)

    async def _stopping(self, runs: Sequence[Run], why: str) -> None:
        keys = tuple(run.key for run in runs)
        async for step in in_thread(lambda: self._engine.actions.stop(keys, why=why)):
            if step.ok is False:
                self._tell(f"{step.worker}: {_words(step)}", "warn")

    async def _resuming(self, run: Run) -> None:
        async for step in in_thread(lambda: self._engine.actions.resume((run.key,))):
            if step.ok is False:
                self._tell(f"{step.worker}: {_words(step)}", "warn")

    def _work(self, trial: Trial, deed: Any) -> None:
        """Beside the round."""
        task = asyncio.create_task(deed)
        self._busy[trial.number] = task
        task.add_done_callback(lambda done: self._worked(trial.number, done))

    def _worked(self, number: int, task: "asyncio.Task[None]") -> None:
        self._busy.pop(number, None)
        if not task.cancelled() and task.exception() is not None:
            self._started.pop(number, None)
            self._tell(f"trial {number}: {task.exception()}", "warn")

    def _add(self, trial: Trial, host: str) -> str:
        """A worker for it, in the configuration that actions go by."""
        config, wish = self._config, self._wish
        name = trial_name(wish.name, trial.number)
        base = config.workers[wish.worker]
        worker = dataclasses.replace(with_values(base, trial.settings), host=host, after=())
        about = {"name": wish.name, "worker": wish.worker, "number": trial.number, "values": dict(trial.settings)}
        kept = {key: value for key, value in config.origins.get(wish.worker, {}).items() if key != "sweep"}
        self._config = _with(config, name, worker, {**kept, "study": about})
        self._engine.actions.take_up(self._config)
        return name

    def _run(self, trial: Trial) -> Run | None:
        return judging.run_of(self._engine.pump.fleet, self._wish.name, trial.number)

    def _keep(self, trial: Trial) -> Trial:
        self._trials[trial.number] = trial
        return trial

    def _host_of(self, trial: Trial) -> str:
        return self._started.get(trial.number) or trial.place.partition(":")[0]

    def _hosts(self) -> list[str]:
        """Those that can be reached now."""
        known = self._engine.pump.fleet.hosts
        return [name for name in self._wish.hosts if name in known and known[name].reachable]

    def _synced(self, host: str) -> bool:
        """Whether what is not known of a host is not there."""
        found = self._engine.pump.fleet.hosts.get(host)
        return found is not None and found.reachable and found.synced

    def _so_far(self) -> str:
        if not self._best:
            return ""
        return f"; best so far {value_word(self._best['value'])} (trial {self._best['number']})"


def trial_name(study: str, number: int) -> str:
    """The worker that a trial is."""
    return f"{study}-{number:04d}"


def _with(config: Config, name: str, worker: Any, about: Mapping[str, Any]) -> Config:
    return dataclasses.replace(
        config, workers={**config.workers, name: worker}, origins={**config.origins, name: about}
    )


def _words(step: Step) -> str:
    return f"{step.text} — {step.mend}" if step.mend else step.text


async def _thread(function: Callable[[], T]) -> T:
    """What a blocking function returns; its thread is its own, and nobody waits for it at exit."""
    async for value in in_thread(lambda: iter((function(),))):
        return value
    raise AssertionError
