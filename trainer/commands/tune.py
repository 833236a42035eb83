"""`trainer tune`: which settings are best."""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from trainer.commands.common import add_config, add_json
from trainer.config import load
from trainer.outcomes.table import text
from trainer.outcomes.words import figure, plural
from trainer.record import atomic
from trainer.record.jsonl import jsonable
from trainer.record.status import Status
from trainer.say import duration, mute, say
from trainer.tune import result
from trainer.tune.concluding import close
from trainer.tune.driving import Driver, Stopping
from trainer.tune.plan import Trial, plan_of
from trainer.tune.result import shown
from trainer.tune.sampling import require
from trainer.tune.study import TOLD, Study, best_of, hopeless, not_elsewhere
from trainer.tune.telling import Teller

_LOOK = 1.0  # seconds between looks at trials of other processes


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--run-dir", type=Path, required=True, metavar="DIR", help="the study's folder; again: the study goes on"
    )
    parser.add_argument(
        "--beside", action="store_true", help="trials in DIR-0000, … beside DIR, not in it: a console then shows each"
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help="train nothing: answer on stdin and stdout what to try, for a program that trains the trials elsewhere",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    plan = plan_of(config)
    require()
    if arguments.serve:
        from trainer.tune.serving import serve

        return serve(config, plan, arguments.run_dir, since=arguments.since)
    not_elsewhere(arguments.run_dir)
    if arguments.json:
        mute()
    work = Work(Study(arguments.run_dir, plan), arguments)
    with work.stopping.listening(arguments.since):
        try:
            ended = work.all()
        finally:
            work.teller.close()
    if arguments.json:
        print(json.dumps(jsonable(work.document)))
    return ended


class Work:
    """One process's part of a study."""

    def __init__(self, study: Study, arguments: argparse.Namespace) -> None:
        self.study, self.plan, self.folder = study, study.plan, study.folder
        self.stopping, self.teller = Stopping(study.folder), Teller(study.folder, study.plan)
        self._place = _Places(study.folder, beside=arguments.beside)
        self._driver = Driver(study, self._place, self.stopping)
        limit = self.plan.tune.minutes * 60
        self._ends = arguments.since + limit if limit else float("inf")
        self.document: dict[str, object] = {}

    def all(self) -> int:
        """Trials until there are enough, or something ends the study. Returns the exit code."""
        known = self.study.trials()
        ways = "larger is better" if self.plan.mode == "max" else "smaller is better"
        done = f", {sum(trial.state in TOLD for trial in known)} are done" if known else ""
        say(f"{self.plan.config.run.name}: {plural(self.plan.tune.trials, 'trial')}{done}; {self.plan.metric}, {ways}")
        waiting = False
        while not self.stopping.asked and not hopeless(self.study.trials(), self.plan.mode):
            late = time.time() >= self._ends
            with self.study.take(new=not late) as trial:
                if trial is not None:
                    waiting = False
                    if not self._one(trial):
                        break
                    continue
            running = [item.number for item in self.study.trials() if item.state == "running"]
            if not running or late:
                break
            if not waiting:
                say(f"no trial is left to begin; {plural(len(running), 'trial')} run in other processes")
            waiting = True
            self._tell()
            time.sleep(_LOOK)
        return self._close()

    def _one(self, trial: Trial) -> bool:
        """Train it and tell what came of it; False when the study was stopped meanwhile."""
        number, began = trial.number, time.monotonic()
        words = "  ".join(f"{key}={shown(value)}" for key, value in trial.settings.items())
        again = "goes on" if self._place(number).exists() else "begins"
        own = " (the configuration as it is)" if number == 0 and self.plan.given is not None else ""
        say(f"trial {number} {again}: {words}{own}")
        self._tell(f"trial {number}", 0, None)

        def told(epoch: int, value: float, status: Status | None) -> None:
            epochs = status.epochs if status is not None else None
            best = best_of(self.study.trials(), self.plan.mode)
            so_far = f"; best so far {figure(best.value)} (trial {best.number})" if best is not None else ""
            of = f"/{epochs}" if epochs else ""
            say(f"trial {number}  epoch {epoch}{of}  {self.plan.metric} {figure(value)}{so_far}")
            self._tell(f"trial {number}, epoch {epoch}{of}", epoch, epochs)

        found = self._driver.train(trial, told)
        if not found.state:
            say(f"trial {number} was stopped; the same command goes on with it")
            return False
        seconds = (trial.seconds or 0.0) + time.monotonic() - began
        self.study.tell(number, found.state, found.value, why=found.why, seconds=seconds)
        trials = self.study.trials()
        best = best_of(trials, self.plan.mode)
        what = {"complete": "done", "pruned": "ended early", "failed": "failed"}[found.state]
        value = f": {self.plan.metric} {figure(found.value)}" if found.value is not None else ""
        why = f" ({found.why})" if found.why else ""
        so_far = f"; best so far {figure(best.value)} (trial {best.number})" if best is not None else ""
        say(f"trial {number} {what} in {duration(seconds)}{value}{why}{so_far}")
        self._conclude(trials)
        self._tell()
        return True

    def _tell(self, what: str = "", done: float = 0, total: float | None = None) -> None:
        self.teller.tell(self.study.trials(), what, done, total)

    def _conclude(self, trials: list[Trial]) -> None:
        folders = {trial.number: self._place(trial.number) for trial in trials}
        self.document = result.write(self.folder, self.plan, trials, folders)

    def _close(self) -> int:
        """Last words: table, files, picture, exit code."""
        folders = {trial.number: self._place(trial.number) for trial in self.study.trials()}
        late = time.time() >= self._ends
        closed = close(self.study, folders, self.teller, stopped=self.stopping.asked, late=late)
        self.document = closed.document
        if closed.table is not None:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
            say("\n".join(["", *text(closed.table, width), ""]))
        say(f"{closed.state}: {closed.reason}")
        if closed.best is not None:
            say(f"best: {closed.best} (trainer run {closed.best})")
        return 1 if closed.state == "failed" else 0


class _Places:
    """Where trials lie; the first process of a study decides it for all."""

    def __init__(self, folder: Path, *, beside: bool) -> None:
        self._folder, self._path = folder, folder / ".beside"
        if beside and not any(folder.glob("trial-*")):
            atomic.replace(self._path, b"")
        self._beside = self._path.exists()

    def __call__(self, number: int) -> Path:
        if self._beside:
            whole = self._folder.resolve()
            return whole.parent / f"{whole.name}-{number:04d}"
        return self._folder / f"trial-{number:04d}"
