"""Files that are there whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def replace(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace `path` in one step; a reader sees the old bytes or the new, never a mixture.

    `durable` also waits until the bytes and the name are on the disk: for checkpoints and last words, not for a status
    that is written every second.
    """
    temporary = _write_beside(path, data, durable)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def overwrite(path: Path, data: bytes) -> None:
    """Over the bytes that are there, which needs no room where others have taken the last of it. A reader may see a
    mixture: only for what is written again in a moment."""
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        if len(data) > size:
            os.posix_fallocate(file.fileno(), 0, len(data))  # all of it, or an error before anything is touched
        os.pwrite(file.fileno(), data.ljust(size), 0)


def create_once(path: Path, data: bytes) -> bool:
    """Create `path` with its whole content; False when somebody was first. Exactly one of many callers gets True."""
    temporary = _write_beside(path, data, durable=True)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make a new name in `folder` survive a power loss, where the filesystem can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_beside(path: Path, data: bytes, durable: bool) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
            if durable:
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
