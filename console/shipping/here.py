"""What lies on this laptop now, by hashes: what a start of each worker would bring, beside what runs began with."""

import time
from collections.abc import Callable, Iterable, Mapping

from console.config import Config
from console.fleet.model import CodeHere, Fleet, Run
from console.fleet.records import ended
from console.preflight import Refused
from console.shipping.kit import trainer_tree
from console.shipping.project import project_of
from trainer.record import code

EVERY_S, ASK_S = 120.0, 5.0  # between looks; between questions whether one is due


class Looker:
    """Looks again when it is time, and only for workers whose run lives and has told its code. Reads files: not for the
    screen's own thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._due, self._asked = clock, 0.0, -ASK_S
        self._seen: frozenset[str] = frozenset()

    def due(self, fleet: Fleet) -> frozenset[str]:
        """The workers to look at now; none when it is too early."""
        now = self._clock()
        if now - self._asked < ASK_S:
            return frozenset()
        self._asked = now
        wanted = frozenset(run.worker for run in fleet.runs.values() if comparable(run))
        if not wanted or (now < self._due and wanted <= self._seen):
            return frozenset()
        self._due, self._seen = now + EVERY_S, wanted
        return wanted


def comparable(run: Run) -> bool:
    """A run that lives, was started by a console, and says with which code."""
    lives = ended(run) is None and any(item.alive for item in run.processes.values())
    told = bool(run.origin.get("from")) and ("command" not in run.config or bool(run.origin.get("project")))
    return lives and told


def code_here(config: Config, workers: Iterable[str]) -> Mapping[str, CodeHere]:
    """Each worker's. Code that could not be sent is no code: whoever starts the worker is told why."""
    found: dict[str, CodeHere] = {}
    trainer, own = "", ""
    for name in sorted(workers):
        settings = config.workers.get(name)
        if settings is None:
            continue
        if settings.trainer and not trainer:
            trainer, own = trainer_tree().hash, code.code_hash()
        try:
            project = project_of(config, name)
        except (Refused, OSError):
            project = None
        tree = project.tree.hash if project is not None else ""
        found[name] = CodeHere(trainer, tree, own) if settings.trainer else CodeHere(project=tree)
    return found
