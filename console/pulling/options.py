"""How to pull: what a person may say of it."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from console.pulling.choice import Choice
from remote.transfer.pace import Bucket

DEFAULT_FOLDER = "runs"


@dataclass(frozen=True, slots=True)
class PullOptions:
    """`stop` may be set at any time: what came is kept."""

    to: Path = Path(DEFAULT_FOLDER)
    choice: Choice = Choice()
    verify: bool = False
    limit: Bucket | None = None
    stop: threading.Event = field(default_factory=threading.Event)
