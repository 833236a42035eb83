"""A configuration behind the screen, for tests: its file is real, its hosts are told."""

import threading
from collections.abc import Iterator
from pathlib import Path

from tui_fleets import ToldDoor

from console.config import Config, load
from console.editing.draft import Draft, open_draft
from console.examine import Found
from console.source import Trial


class ToldTrial:
    """Says of each host what it was given; the key of a host is not known until it is trusted."""

    def __init__(self, setup: "ToldSetup") -> None:
        self._setup = setup
        self.door = setup.door
        self.closed = threading.Event()

    def look(self, host: str) -> Iterator[Found]:
        yield from self._setup.found(host)

    def close(self) -> None:
        self.closed.set()


class ToldSetup:
    """`taken` are the configurations that were taken up."""

    def __init__(self, path: Path, door: ToldDoor | None = None) -> None:
        self.config = load(path)
        self.taken: list[Config] = []
        self.outdated = False
        self.door = door or ToldDoor()
        self.trials: list[ToldTrial] = []

    def draft(self) -> Draft:
        return open_draft(self.config.path)

    async def take_up(self, config: Config, trial: Trial | None = None) -> None:
        self.config, self.outdated = config, False
        self.taken.append(config)

    def trial(self, config: Config) -> ToldTrial:
        self.trials.append(ToldTrial(self))
        return self.trials[-1]

    def found(self, host: str) -> Iterator[Found]:
        subject = f"host {host}"
        if self.door.keys and host == "gpu1":
            yield Found(subject, "host key", False, f"the key of {host} is not known", "compare it")
            return
        yield Found(subject, "reach", True, "Linux 6.1")
        if host == "far":
            yield Found(subject, "tmux", False, "the host has no tmux", "sudo apt-get install -y tmux")
        else:
            yield Found(subject, "GPU driver", True, "2 × NVIDIA A10G, driver 550.54")
