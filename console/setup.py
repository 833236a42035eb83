"""The configuration in force while the screen is open, changed and taken up. Implements `console.source.Setup`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from console.config import Config
from console.door import HostDoor, Questions
from console.engine import Engine
from console.hosts import Hosts
from console.source import Door, Trial

if TYPE_CHECKING:
    from console.editing.draft import Draft
    from console.examine import Found


class EngineSetup:
    """Of one engine. Everything but `HostTrial.look` is called in the event loop's thread."""

    def __init__(self, engine: Engine, questions: Questions) -> None:
        self._engine, self._questions = engine, questions
        self._config = engine.config
        self._seen = _stamp(self._config.path)
        self._taking = asyncio.Lock()

    @property
    def config(self) -> Config:
        return self._config

    @property
    def outdated(self) -> bool:
        return _stamp(self._config.path) != self._seen

    def draft(self) -> "Draft":
        from console.editing.draft import open_draft  # noqa: PLC0415 - only when it is changed

        return open_draft(self._config.path)

    async def take_up(self, config: Config, trial: Trial | None = None) -> None:
        async with self._taking:
            self._seen = _stamp(config.path)
            before, self._config = self._config.hosts, config
            made = dict(trial.transports) if isinstance(trial, HostTrial) else {}
            await self._engine.pump.leave([name for name in before if config.hosts.get(name) != before[name]])
            hosts = self._engine.hosts
            over = hosts.take_up(config, {name: way for name, way in made.items() if name in config.hosts})
            for name in config.hosts:
                if isinstance(trial, HostTrial) and made.get(name) is hosts.transport(name):
                    del trial.transports[name]  # the engine's from now on
            self._engine.actions.take_up(config)
            self._engine.pump.take_up(config)
            await asyncio.gather(*(asyncio.to_thread(transport.close) for transport in over))

    def trial(self, config: Config) -> Trial:
        return HostTrial(config, self._questions)


class HostTrial:
    """Hosts with ways of their own, until somebody takes those over."""

    def __init__(self, config: Config, questions: Questions) -> None:
        self._config = config
        self._hosts = Hosts(config, ask=questions.ask)
        self.transports = {name: self._hosts.transport(name) for name, host in config.hosts.items() if host.remote}
        self.door: Door = HostDoor(questions, self._hosts, lambda host: None)

    def look(self, host: str) -> "Iterator[Found]":
        from console.examine import examine_host  # noqa: PLC0415 - only where a host is looked at

        return examine_host(host, self._config.hosts[host], self._hosts, trains=False)

    def close(self) -> None:
        for transport in self.transports.values():
            transport.close()


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes whenever the file does."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)
