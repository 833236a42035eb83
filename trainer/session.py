"""One attempt of a run, from the lock on its directory to its last status: whatever happens is written down."""

import contextlib
import dataclasses
import os
import socket
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer import config as configuration
from trainer import origin, process
from trainer.board import Board
from trainer.config import Config
from trainer.ending import Ending, Interrupted
from trainer.failure import explain, root
from trainer.journal import Journal, Silent
from trainer.ranks import Ranks
from trainer.record import RunLocked, RunReader, RunWriter, Status, atomic, code, files
from trainer.record.status import Finding
from trainer.requests import Requests
from trainer.say import mute, say
from trainer.schema import ConfigError, Problem
from trainer.tensorboard import Events

FREE_AT_RESUME = ("run", "optim", "stop", "checkpoint", "race", "loss", "measure", "origin")
ECHO = 2.0  # seconds: a launcher hands on a signal that the ranks may have got themselves
FIXED = ("run.seed", "run.batch", "optim.kind", "optim.weight_decay")


def run(config: Config, folder: Path, *, resume: bool, since: float) -> int:
    """Train in `folder`; `since` is when this process began. Returns the exit code: 0 done, 1 failed, 2 refused."""
    ranks = Ranks.here()
    if not ranks.main:
        return _follow(config, folder, ranks, resume=resume)
    reader = RunReader(folder)
    before = reader.status()
    if not resume and (before is not None or reader.metrics()):
        raise ConfigError([Problem(str(folder), None, "", "holds a run already", "--resume goes on with it")])
    with RunWriter(folder) as writer:
        config, changes = settle(config, folder)
        race = Path(config.race.folder).expanduser() if config.race.folder else None
        with Requests(folder, race, echo=ECHO if ranks.several else 0.0) as requests:
            board = Board(writer.status, first_status(config, folder))
            journal = Journal(writer, board, requests)
            journal.events = Events(folder) if config.run.tensorboard else None
            board.now()
            board.start()
            try:
                journal.event("started", pid=os.getpid(), resume=resume, **code.version())
                if changes:
                    journal.event("configuration", changes={key: list(pair) for key, pair in changes.items()})
                clear_stop_file(folder, journal, since if resume else None)
                ending = _attempt(config, journal, race, resume, ranks)
                _last_words(board, journal, ending)
                return ending.code
            finally:
                board.stop()
                journal.close()


def _follow(config: Config, folder: Path, ranks: Ranks, *, resume: bool) -> int:
    """The same training as a rank that writes nothing and decides nothing."""
    mute()
    with Requests(folder, None, echo=ECHO) as requests:
        writer = Silent(folder)
        journal = Journal(writer, Board(writer.status, first_status(config, folder)), requests)
        ending = _attempt(config, journal, None, resume, ranks)
        return ending.code


def _attempt(config: Config, journal: Journal, race: Path | None, resume: bool, ranks: Ranks) -> Ending:
    """Everything between the first status and the last."""
    begun = False
    try:
        # torch, which takes seconds, only now that the status already tells that we live
        from trainer.closing import close  # noqa: PLC0415
        from trainer.preparing import prepare  # noqa: PLC0415

        training = prepare(config, journal, resume, ranks)
        begun = True
        ending = close(training, training.run(), race)
    except Interrupted as interrupted:  # nothing is trained yet: there is nothing to keep
        ending = interrupted.ending
    except Exception as error:
        reason, finding = explain(error, config.run)
        if finding.mend.endswith("train.log"):
            traceback.print_exc()
        journal.board.find(finding)
        return Ending("failed", reason, refused=not begun and isinstance(root(error), ConfigError))
    ranks.leave()
    return ending


def _last_words(board: Board, journal: Journal, ending: Ending) -> None:
    board.now(state=ending.state, phase="", message="", reason=ending.reason, progress=None)
    journal.event("ended", state=ending.state, reason=ending.reason)
    say(f"{ending.state}: {ending.reason}")


def settle(config: Config, folder: Path) -> tuple[Config, dict[str, tuple[Any, Any]]]:
    """Write run.toml, or compare with the one that is there: what decides the numbers so far must not change."""
    path = folder / files.RUN
    if not path.exists():
        config = dataclasses.replace(config, origin=config.origin or origin.by_hand())
        atomic.replace(path, configuration.to_toml(config).encode(), durable=True)
        return config, {}
    written = configuration.load(str(path))
    return _changed(config, written, path)


def _changed(config: Config, written: Config, path: Path) -> tuple[Config, dict[str, tuple[Any, Any]]]:
    config = dataclasses.replace(
        config, origin=written.origin, run=dataclasses.replace(config.run, name=written.run.name)
    )
    changes = configuration.differences(configuration.to_table(written), configuration.to_table(config))
    wrong = [
        Problem(str(path), None, key, f"was {old!r} and cannot become {new!r} in a resumed run", "start a new run")
        for key, (old, new) in changes.items()
        if key in FIXED or key.split(".")[0] not in FREE_AT_RESUME
    ]
    if wrong:
        raise ConfigError(wrong)
    if changes:
        atomic.replace(path, configuration.to_toml(config).encode(), durable=True)
    return config, changes


def first_status(config: Config, folder: Path) -> Status:
    """What is known before anything has happened."""
    now = time.time()
    return Status(
        state="starting",
        run=folder.name,
        worker=worker(config.origin) or config.run.name,
        epochs=config.run.epochs,
        started=now,
        heartbeat=now,
        pid=os.getpid(),
        pid_start=process.start_ticks(),
        host=socket.gethostname(),
    )


def worker(origin_table: Mapping[str, Any]) -> str:
    """The name of the worker that the console started, if it was a console."""
    name = origin_table.get("worker")
    return name if isinstance(name, str) else ""


def clear_stop_file(folder: Path, journal: Journal, since: float | None) -> None:
    """A stop file from before this attempt has done its work; a newer one counts."""
    path = folder / files.STOP
    try:
        if since is not None and path.stat().st_mtime < since:
            path.unlink()
            journal.event("stop file removed", why="it was there before this attempt began")
    except FileNotFoundError:
        return


def record_refusal(folder: Path, config_error: ConfigError) -> None:
    """A run that cannot even begin says so in its own directory, if it has one and nobody else writes it."""
    if not folder.is_dir() or (folder / files.STATUS).exists():
        return
    with contextlib.suppress(RunLocked, OSError), RunWriter(folder) as writer:
        problem = config_error.problems[0]
        finding = Finding("the configuration cannot be used", str(problem), problem.mend)
        now = time.time()
        writer.status(
            Status(
                state="failed",
                run=folder.name,
                reason=f"configuration: {config_error}",
                started=now,
                heartbeat=now,
                pid=os.getpid(),
                pid_start=process.start_ticks(),
                host=socket.gethostname(),
                findings=(finding,),
            )
        )
        writer.event("ended", state="failed", reason=str(config_error))
