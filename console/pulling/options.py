"""How to pull: what a person may say of it."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from console.pulling.choice import Choice
from remote.transfer.pace import Bucket

DEFAULT_FOLDER = "runs"


@dataclass(frozen=True, slots=True)
class PullOptions:
    """`stop` may be set at any time: what came is kept. `passing`: checkpoints that come now go again, from here, once
    the run has newer ones and those are whole here; who pulls every two minutes would else collect all of them.
    """

    to: Path = Path(DEFAULT_FOLDER)
    choice: Choice = Choice()
    verify: bool = False
    limit: Bucket | None = None
    passing: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
