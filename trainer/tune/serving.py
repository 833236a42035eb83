"""A study whose trials somebody else trains: questions as JSON lines on stdin, an answer a line on stdout.

    {"do": "ask"}                                                 {"trial": {…}} or {"trial": null, "why": …}
    {"do": "place", "trial": 3, "where": "gpu1:run"}              {}
    {"do": "report", "trial": 3, "epoch": 1, "value": 0.7}        {"prune": why, or nothing}
    {"do": "tell", "trial": 3, "state": "complete", "value": …}   {}
    {"do": "look"}                                                {}
    {"do": "end", "stopped": false}                               {"document": …, "table": …, "state": …, …}

The first line is an answer too: what is known of the study. Each answer has `stop`, which is true once somebody has
created the file `stop`, and `best`. The end of the input is the end of this attempt; the trials are not touched, and
the next attempt has them all. Only one process serves a study.
"""

import contextlib
import fcntl
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from trainer.config import Config, to_toml
from trainer.outcomes.table import to_json
from trainer.record import atomic, files
from trainer.record.jsonl import decode_document, encode, numbers
from trainer.say import mute
from trainer.schema import ConfigError, Problem
from trainer.tune.concluding import close
from trainer.tune.plan import Plan, Trial
from trainer.tune.study import ELSEWHERE, TOLD, Study, best_of, hopeless
from trainer.tune.telling import Teller

_PATIENCE = 15.0  # seconds in which a former one, whose other side is gone, notices that


def serve(config: Config, plan: Plan, folder: Path, *, since: float) -> int:
    """Until the end of the input, or until asked to end. Returns the exit code."""
    mute()
    if not (folder / ELSEWHERE).exists() and any(folder.glob("trial-*")):
        what = "holds a study whose trials were trained there"
        raise ConfigError([Problem(str(folder), None, "", what, "trainer tune goes on with it; or another name")])
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        study = Study(folder, plan)
        atomic.replace(folder / ELSEWHERE, b"")
        atomic.replace(folder / files.RUN, to_toml(config).encode(), durable=True)
        stop = folder / files.STOP
        if stop.exists() and stop.stat().st_mtime < since:
            stop.unlink()
        teller = Teller(folder, plan)
        try:
            return Desk(study, teller, since).work(sys.stdin.buffer, sys.stdout.buffer)
        finally:
            teller.close()


class Desk:
    """Answers."""

    def __init__(self, study: Study, teller: Teller, since: float) -> None:
        self._study, self._plan, self._teller = study, study.plan, teller
        limit = self._plan.tune.minutes * 60
        self._ends = since + limit if limit else float("inf")
        self._code = 0

    def work(self, questions: IO[bytes], answers: IO[bytes]) -> int:
        """Line by line. A question that is none is answered with what is wrong with it."""
        self._answer(answers, self._known())
        self._teller.tell(self._study.trials())
        with contextlib.suppress(KeyboardInterrupt):  # as the end of the input
            for line in questions:
                question = decode_document(line)
                try:
                    found = self._found(numbers(dict(question or {})))
                except (ValueError, KeyError, TypeError) as error:
                    found = {"error": f"{type(error).__name__}: {error}"}
                self._answer(answers, found)
                if question is not None and question.get("do") == "end" and "error" not in found:
                    return self._code
        done = sum(trial.state in TOLD for trial in self._study.trials())
        words = f"whoever trained its trials has left; {done} of {self._plan.tune.trials} are done"
        self._teller.end("stopped", words)
        return 0

    def _found(self, question: Mapping[str, Any]) -> dict[str, Any]:
        match question["do"]:
            case "ask":
                return self._ask()
            case "place":
                self._study.place(int(question["trial"]), str(question["where"]))
                return {}
            case "report":
                number, epoch, value = int(question["trial"]), int(question["epoch"]), float(question["value"])
                why = self._study.report(number, epoch, value)
                self._show(f"trial {number}, epoch", epoch)
                return {"prune": why}
            case "tell":
                best = question.get("value")
                self._study.tell(
                    int(question["trial"]), str(question["state"]), None if best is None else float(best),
                    why=str(question.get("why", "")), seconds=float(question.get("seconds") or 0.0),
                )  # fmt: skip
                self._show()
                return {}
            case "look":
                return {}
            case "end":
                return self._end(stopped=bool(question.get("stopped")))
        raise ValueError(f"unknown question {question['do']!r}")

    def _ask(self) -> dict[str, Any]:
        """Settings that go together; those that do not are a trial that failed."""
        while True:
            trials = self._study.trials()
            if hopeless(trials, self._plan.mode):
                return {"trial": None, "why": "the first trials failed, and so would the rest"}
            if time.time() >= self._ends:
                return {"trial": None, "why": f"{self._plan.tune.minutes:g} minutes are over"}
            trial = self._study.ask()
            if trial is None:
                return {"trial": None, "why": "nothing is left to begin"}
            try:
                self._plan.of(trial, "trial", {})
            except ConfigError as error:
                self._study.tell(trial.number, "failed", why=str(error))
                continue
            self._show(f"trial {trial.number}")
            return {"trial": _shown(trial, "")}

    def _end(self, *, stopped: bool) -> dict[str, Any]:
        closed = close(
            self._study, dict(self._study.places()), self._teller, stopped=stopped, late=time.time() >= self._ends
        )
        self._code = 1 if closed.state == "failed" else 0
        return {
            "document": closed.document,
            "table": None if closed.table is None else to_json(closed.table),
            "state": closed.state,
            "reason": closed.reason,
            "file": "" if closed.best is None else str(closed.best),
        }

    def _known(self) -> dict[str, Any]:
        places = self._study.places()
        return {
            "schema": files.SCHEMA,
            "study": self._plan.config.run.name,
            "metric": self._plan.metric,
            "mode": self._plan.mode,
            "of": self._plan.tune.trials,
            "trials": [_shown(trial, places.get(trial.number, "")) for trial in self._study.trials()],
        }

    def _show(self, what: str = "", done: float = 0) -> None:
        self._teller.tell(self._study.trials(), what, done)

    def _answer(self, answers: IO[bytes], found: Mapping[str, Any]) -> None:
        best = best_of(self._study.trials(), self._plan.mode)
        told = {"number": best.number, "value": best.value} if best is not None else None
        stop = (self._study.folder / files.STOP).exists()
        with contextlib.suppress(BrokenPipeError):  # nobody listens: the end of the input follows
            answers.write(encode({**found, "stop": stop, "best": told}))
            answers.flush()


def _shown(trial: Trial, place: str) -> dict[str, Any]:
    return {
        "number": trial.number,
        "settings": dict(trial.settings),
        "state": trial.state,
        "value": trial.value,
        "seen": [[epoch, value] for epoch, value in sorted(trial.seen.items())],
        "place": place,
    }


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process serves a study."""
    ends = time.monotonic() + _PATIENCE
    with (folder / ".serving").open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > ends:
                    what, mend = "another console hands out its trials", "follow that one, or end it first"
                    raise ConfigError([Problem(str(folder), None, "", what, mend)]) from None
                time.sleep(0.1)
        yield
