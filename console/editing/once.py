"""Workers that are started and stand in no file: in force until the console is left, whatever config.toml becomes."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from console.config import Config, WorkerConfig


class Once:
    """Of one console. A whole configuration of an earlier run lies in a folder that goes away with it."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerConfig] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __contains__(self, name: object) -> bool:
        return name in self._workers

    def __iter__(self) -> Iterator[str]:
        return iter(self._workers)

    def add(self, config: Config, name: str, text: str = "") -> Config:
        """A configuration with this worker in it; `text` is what its trainer is given, where that is in no file."""
        worker = config.workers[name]
        if text:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="trajconsole-")
            path = Path(self._folder.name) / f"{name}.toml"
            path.write_text(text, "utf-8")
            worker = replace(worker, trainer=str(path))
        self._workers[name] = worker
        return replace(config, workers={**config.workers, name: worker})

    def saved(self, name: str) -> None:
        """It stands in the file now."""
        self._workers.pop(name, None)

    def among(self, config: Config) -> Config:
        """Another configuration with these workers behind its own, as far as it has their hosts."""
        known = config.workers
        more = {name: item for name, item in self._workers.items() if name not in known and item.host in config.hosts}
        return replace(config, workers={**known, **more}) if more else config

    def close(self) -> None:
        """The folder is removed."""
        if self._folder is not None:
            with suppress(OSError):
                self._folder.cleanup()
            self._folder = None
