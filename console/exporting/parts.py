"""Files that get their names together, once all of them are whole: who reads the folder never sees half an export."""

import os
import secrets
from pathlib import Path
from types import TracebackType


class Parts:
    """The files of one export below `folder`. As a context: named at its end, removed when it fails."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._names = folder, dict[Path, Path]()
        self._mark = secrets.token_hex(3)
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where to write what will be called `name`."""
        part = self._folder / f".{len(self._names)}-{self._mark}.part"
        self._names[part] = self._folder / name
        return part

    def __enter__(self) -> "Parts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for part, name in self._names.items() if error is None else ():
                name.parent.mkdir(parents=True, exist_ok=True)
                os.replace(part, name)
        finally:
            for part in self._names:
                part.unlink(missing_ok=True)
