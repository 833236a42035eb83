"""Who may ask a run to end: a `stop` file, SIGINT, SIGTERM, a rival that has won. Looked at before every step."""

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from trainer.ending import Ending, Interrupted
from trainer.record import files, race

_NAMES = {signal.SIGINT: "SIGINT", signal.SIGTERM: "SIGTERM"}


class Requests:
    """Use as a context manager: it takes the signals while it is open and gives them back after."""

    def __init__(self, run: Path, race_folder: Path | None, *, echo: float = 0.0) -> None:
        """`echo`: seconds in which a second signal is taken for the first one, which came on two ways."""
        self._stop = str(run / files.STOP)
        self._run, self._race = run.name, race_folder
        self._winner = str(race_folder / files.WINNER) if race_folder else ""
        self._signal, self._echo, self._taken = "", echo, 0.0
        self._looked = 0.0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "Requests":
        for number in _NAMES:
            self._former[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)

    def asked(self) -> Ending | None:
        """How the run was asked to end, if it was. Costs two system calls."""
        if self._signal:
            return Ending("stopped", f"stopped by {self._signal}", haste=True)
        if os.access(self._stop, os.F_OK):  # before every step: a fraction of what Path.exists costs
            return Ending("stopped", f"stopped by the {files.STOP} file{_words(self._stop)}")
        if self._winner and os.access(self._winner, os.F_OK):
            return self.lost()
        return None

    def lost(self) -> Ending | None:
        """The end as a loser, when a rival has won."""
        found = race.winner(self._race) if self._race else None
        if found is None or found.run == self._run:
            return None
        return Ending("lost the race", f"{found.worker or found.run} met all criteria first (run {found.run})")

    def raise_if_asked(self) -> None:
        """For places that are not steps and may be called very often: looks at the files at most 20 times a second."""
        now = time.monotonic()
        if self._signal or now - self._looked >= 0.05:
            self._looked = now
            ending = self.asked()
            if ending is not None:
                raise Interrupted(ending)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._signal and time.monotonic() - self._taken >= self._echo:  # the second signal ends at once
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._signal, self._taken = _NAMES[signal.Signals(number)], self._taken or time.monotonic()


def _words(path: str) -> str:
    """What the creator of the stop file wrote into it: a name or a reason, if anything."""
    try:
        text = Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
    return f": {text.splitlines()[0][:200]}" if text else ""
