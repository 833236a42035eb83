"""Everything a reader may ask of a run directory. Nothing here fails because a file is missing, torn or odd."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.record import files
from trainer.record.jsonl import decode_document, decode_lines, effective
from trainer.record.status import Status, from_json


class RunReader:
    """Reads one run directory, whoever wrote it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def document(self, name: str) -> dict[str, Any] | None:
        """A JSON document of the run, or None when it is missing or not readable."""
        data = self._bytes(name)
        return None if data is None else decode_document(data)

    def status(self) -> Status | None:
        """status.json, or None."""
        data = self.document(files.STATUS)
        return None if data is None else from_json(data)

    def config(self) -> dict[str, Any]:
        """run.toml, or an empty table."""
        data = self._bytes(files.RUN)
        try:
            return tomllib.loads(data.decode("utf-8", "replace")) if data else {}
        except tomllib.TOMLDecodeError:
            return {}

    def metrics(self) -> list[Mapping[str, Any]]:
        """The rows of metrics.jsonl that count (see `jsonl.effective`)."""
        return effective(decode_lines(self._bytes(files.METRICS) or b"")[0])

    def events(self) -> list[dict[str, Any]]:
        """All events."""
        return decode_lines(self._bytes(files.EVENTS) or b"")[0]

    def log(self, last: int | None = None) -> bytes:
        """train.log, or its last bytes."""
        data = self._bytes(files.LOG) or b""
        return data if last is None else data[-last:]

    def damaged_lines(self) -> int:
        """How many lines of metrics and events could not be read."""
        return sum(decode_lines(self._bytes(name) or b"")[1] for name in (files.METRICS, files.EVENTS))

    def _bytes(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except OSError:
            return None
