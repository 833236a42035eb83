"""From a configuration to a `Training` that is ready to run: device, data, model, newest checkpoint."""

from trainer import device
from trainer.build import make_task, notes_of
from trainer.config import Config
from trainer.journal import NO_ROOM, Journal, room
from trainer.loop import Training
from trainer.ranks import Ranks
from trainer.record import RunReader
from trainer.record.status import Finding
from trainer.say import say


def prepare(config: Config, journal: Journal, resume: bool, ranks: Ranks) -> Training:
    """Make or load the data, build the model, go to where the run was."""
    board, requests = journal.board, journal.requests
    board.now(state="preparing", phase="data")
    device.set_threads(config.run.threads, ranks.locals)
    ranks.join(device.choose(config.run.device, ranks.local, ranks.locals))
    task = make_task(config)
    board.now(notes=notes_of(config, task))
    spoken: list[str] = []

    def report(what: str, done: float, total: float | None) -> None:
        show_pause(journal, paused=what.startswith(NO_ROOM))
        if what not in spoken and not what.startswith(NO_ROOM):
            spoken.append(what)
            say(f"preparing: {what}")
        requests.raise_if_asked()
        board.report(what, done, total)

    ranks.first(lambda: task.prepare(report))
    if not ranks.main:  # what was made is there now: only to be loaded
        task.prepare(_quiet)
    board.now(phase="model", progress=None, notes=notes_of(config, task))
    training = Training(config, task, journal, ranks)
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    work = f"{parameters:,} parameters, {training.size:,} samples, {training.steps:,} steps on {training.device}"
    work += f", {ranks.size} processes" if ranks.several else ""
    say(f"{config.run.name}: {work}")
    if resume:
        training.resume(RunReader(journal.folder).metrics())
    return training


def show_pause(journal: Journal, *, paused: bool) -> None:
    """Waiting for room on the data's disk is a phase of its own, with a finding, until it is over."""
    board = journal.board
    if paused == (board.status.phase == NO_ROOM):
        return
    if paused:
        proof = f"no room for the data; the run's folder: {room(journal.folder)}"
        board.find(Finding(NO_ROOM, proof, "make room where the data lie; the run goes on by itself, nothing is lost"))
        board.now(phase=NO_ROOM)
        say("paused: the disk of the data is full; waiting for room, then going on")
        journal.event("disk full", what="data")
    else:
        board.forget(NO_ROOM)
        board.now(phase="data")
        say("there is room again: going on")
        journal.event("disk has room", what="data")


def _quiet(what: str, done: float, total: float | None) -> None:
    """Rank 0 has told it."""
